using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace TokenHub.Ledger.Sealing;

/// <summary>A transfer with everything that is sealed of it: every column.</summary>
internal sealed record TransferRow
{
    public const string Columns =
        "id, kind, debit_account, credit_account, amount_units, rid, leg, reason, created_by, created_at";

    private const byte Absent = 0;
    private const byte Present = 1;

    public long Id { get; init; }
    public string Kind { get; init; } = "";
    public long DebitAccount { get; init; }
    public long CreditAccount { get; init; }
    public long AmountUnits { get; init; }
    public Guid? Rid { get; init; }
    public short? Leg { get; init; }
    public string Reason { get; init; } = "";
    public long? CreatedBy { get; init; }
    public DateTime CreatedAt { get; init; }

    /// <summary>
    /// SHA-256 over the columns in their order: numbers with eight bytes, big-endian; texts as UTF-8 after their
    /// length; what may be null after a byte that says whether it is there; time in microseconds since 1970.
    /// </summary>
    public byte[] Digest()
    {
        var bytes = new MemoryStream(128);
        Number(bytes, Id);
        Text(bytes, Kind);
        Number(bytes, DebitAccount);
        Number(bytes, CreditAccount);
        Number(bytes, AmountUnits);
        bytes.WriteByte(Rid is null ? Absent : Present);
        if (Rid is { } rid)
        {
            bytes.Write(rid.ToByteArray(bigEndian: true));
        }

        Optional(bytes, Leg);
        Text(bytes, Reason);
        Optional(bytes, CreatedBy);
        Number(bytes, Microseconds(CreatedAt));
        return SHA256.HashData(bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
    }

    public static long Microseconds(DateTime time) =>
        (time.ToUniversalTime() - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

    private static void Optional(MemoryStream bytes, long? value)
    {
        bytes.WriteByte(value is null ? Absent : Present);
        if (value is { } number)
        {
            Number(bytes, number);
        }
    }

    private static void Text(MemoryStream bytes, string text)
    {
        var utf8 = Encoding.UTF8.GetBytes(text);
        Number(bytes, utf8.Length);
        bytes.Write(utf8);
    }

    private static void Number(MemoryStream bytes, long value)
    {
        Span<byte> eight = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(eight, value);
        bytes.Write(eight);
    }
}
