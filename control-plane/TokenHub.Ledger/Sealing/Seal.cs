using System.Buffers.Binary;
using System.Security.Cryptography;

namespace TokenHub.Ledger.Sealing;

/// <summary>A row of <c>transfer_seals</c>.</summary>
internal sealed record Seal
{
    public const int MarkBytes = 8;

    public long No { get; init; }
    public long LastId { get; init; }
    public int Transfers { get; init; }
    public byte[] Marks { get; init; } = [];
    public byte[] Previous { get; init; } = [];
    public byte[] Hash { get; init; } = [];
    public DateTime SealedAt { get; init; }

    /// <summary>What stands before the first seal: it covers no transfer.</summary>
    public static Seal Genesis { get; } =
        new() { Hash = SHA256.HashData("tokenhub transfers"u8), SealedAt = DateTime.UnixEpoch };

    /// <summary>The seal after this one.</summary>
    public Seal Next(long lastId, IReadOnlyList<byte[]> digests, DateTime at)
    {
        var marks = new byte[digests.Count * MarkBytes];
        for (var i = 0; i < digests.Count; i++)
        {
            digests[i].AsSpan(0, MarkBytes).CopyTo(marks.AsSpan(i * MarkBytes));
        }

        var seal = new Seal
        {
            No = No + 1,
            LastId = lastId,
            Transfers = digests.Count,
            Marks = marks,
            Previous = Hash,
            SealedAt = at,
        };
        return seal with { Hash = seal.HashOver(digests) };
    }

    /// <summary>SHA-256 over number, range, time, the seal before and every transfer's digest.</summary>
    public byte[] HashOver(IReadOnlyList<byte[]> digests)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> eight = stackalloc byte[8];
        foreach (var number in (ReadOnlySpan<long>)[No, LastId, digests.Count, TransferRow.Microseconds(SealedAt)])
        {
            BinaryPrimitives.WriteInt64BigEndian(eight, number);
            hash.AppendData(eight);
        }

        hash.AppendData(Previous);
        foreach (var digest in digests)
        {
            hash.AppendData(digest);
        }

        return hash.GetHashAndReset();
    }

    public bool HasMark(int place, byte[] digest) =>
        place < Transfers && Marks.AsSpan(place * MarkBytes, MarkBytes).SequenceEqual(digest.AsSpan(0, MarkBytes));
}
