using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace TokenHub.Protocols.Tokens;

/// <summary>A byte-pair vocabulary: the rank of each token, found by its bytes. Immutable once read.</summary>
internal sealed class RankTable
{
    /// <summary>The rank of bytes that are no token.</summary>
    public const int None = int.MaxValue;

    private readonly byte[] _bytes;
    private readonly int[] _starts;
    private readonly int[] _slots;
    private readonly int _mask;

    private RankTable(byte[] table)
    {
        if (!table.AsSpan().StartsWith("THR1"u8))
        {
            throw new InvalidDataException("The embedded vocabulary is not a rank table.");
        }

        var count = (int)BinaryPrimitives.ReadUInt32LittleEndian(table.AsSpan(4));
        _bytes = table;
        _starts = new int[count + 1];
        _starts[0] = 8 + count;
        _mask = (int)BitOperations.RoundUpToPowerOf2((uint)count * 2) - 1;
        _slots = new int[_mask + 1];
        for (var rank = 0; rank < count; rank++)
        {
            _starts[rank + 1] = _starts[rank] + table[8 + rank];
            Insert(rank);
        }
    }

    public int Count => _starts.Length - 1;

    public static RankTable Load(string name)
    {
        using var stream = typeof(RankTable).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidDataException($"The vocabulary {name} is not embedded.");
        var table = new byte[stream.Length];
        stream.ReadExactly(table);
        return new RankTable(table);
    }

    /// <summary>The rank of a token, or <see cref="None"/>.</summary>
    public int Find(ReadOnlySpan<byte> token)
    {
        for (var slot = Hash(token) & _mask; _slots[slot] != 0; slot = (slot + 1) & _mask)
        {
            var rank = _slots[slot] - 1;
            if (token.SequenceEqual(Token(rank)))
            {
                return rank;
            }
        }

        return None;
    }

    private ReadOnlySpan<byte> Token(int rank) => _bytes.AsSpan(_starts[rank], _starts[rank + 1] - _starts[rank]);

    // A slot holds a rank plus one; 0 is free.
    private void Insert(int rank)
    {
        var slot = Hash(Token(rank)) & _mask;
        while (_slots[slot] != 0)
        {
            slot = (slot + 1) & _mask;
        }

        _slots[slot] = rank + 1;
    }

    private static int Hash(ReadOnlySpan<byte> token)
    {
        const ulong Mix = 0x9E37_79B9_7F4A_7C15;
        var hash = (ulong)token.Length * Mix;
        while (token.Length >= sizeof(ulong))
        {
            hash = (BitOperations.RotateLeft(hash, 29) ^ MemoryMarshal.Read<ulong>(token)) * Mix;
            token = token[sizeof(ulong)..];
        }

        ulong rest = 0;
        foreach (var b in token)
        {
            rest = (rest << 8) | b;
        }

        hash = (BitOperations.RotateLeft(hash, 29) ^ rest) * Mix;
        return (int)(hash >> 33);
    }
}
