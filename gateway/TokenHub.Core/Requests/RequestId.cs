using System.Buffers.Binary;
using System.Buffers.Text;

namespace TokenHub.Core.Requests;

/// <summary>
/// The id of one request on every wire and in every store: a UUID of version 7 whose random part is not random:
/// 48 bits of milliseconds, 12 of counter, 10 of gateway number, 20 of boot number, 32 of counter. Unique whatever the
/// clock does, because the control plane gives each boot of each gateway its own numbers.
/// </summary>
public readonly record struct RequestId(ulong High, ulong Low) : IComparable<RequestId>
{
    public const int GatewayNoMax = (1 << 10) - 1;
    public const int BootNoMax = (1 << 20) - 1;

    /// <summary>Prefix of the text form, followed by 32 lower-case hex digits.</summary>
    public const string Prefix = "req_";

    /// <summary>Length of the text form.</summary>
    public const int TextLength = 36;

    /// <summary>Length of the binary form.</summary>
    public const int ByteLength = 16;

    public static RequestId Create(long unixMs, int gatewayNo, int bootNo, uint counter)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)gatewayNo, (uint)GatewayNoMax);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)bootNo, (uint)BootNoMax);
        var high = ((ulong)unixMs << 16) | 0x7000 | (counter & 0xFFF);
        var low = 0x8000_0000_0000_0000 | ((ulong)gatewayNo << 52) | ((ulong)bootNo << 32) | counter;
        return new RequestId(high, low);
    }

    public long UnixMs => (long)(High >> 16);

    public int GatewayNo => (int)((Low >> 52) & GatewayNoMax);

    public int BootNo => (int)((Low >> 32) & BootNoMax);

    public Guid ToGuid()
    {
        Span<byte> bytes = stackalloc byte[ByteLength];
        WriteBytes(bytes);
        return new Guid(bytes, bigEndian: true);
    }

    public static RequestId FromGuid(Guid value)
    {
        Span<byte> bytes = stackalloc byte[ByteLength];
        value.TryWriteBytes(bytes, bigEndian: true, out _);
        return ReadBytes(bytes);
    }

    public void WriteBytes(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, High);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], Low);
    }

    public static RequestId ReadBytes(ReadOnlySpan<byte> source) =>
        new(BinaryPrimitives.ReadUInt64BigEndian(source), BinaryPrimitives.ReadUInt64BigEndian(source[8..]));

    /// <summary>Writes the text form, <see cref="TextLength"/> ASCII bytes.</summary>
    public void WriteText(Span<byte> destination)
    {
        "req_"u8.CopyTo(destination);
        Utf8Formatter.TryFormat(High, destination[4..], out _, new System.Buffers.StandardFormat('x', 16));
        Utf8Formatter.TryFormat(Low, destination[20..], out _, new System.Buffers.StandardFormat('x', 16));
    }

    public override string ToString() => $"{Prefix}{High:x16}{Low:x16}";

    public static bool TryParse(ReadOnlySpan<char> text, out RequestId id)
    {
        id = default;
        if (text.Length != TextLength || !text.StartsWith(Prefix, StringComparison.Ordinal)
            || !ulong.TryParse(text[4..20], System.Globalization.NumberStyles.AllowHexSpecifier, null, out var high)
            || !ulong.TryParse(text[20..], System.Globalization.NumberStyles.AllowHexSpecifier, null, out var low))
        {
            return false;
        }

        id = new RequestId(high, low);
        return true;
    }

    public int CompareTo(RequestId other) =>
        High != other.High ? High.CompareTo(other.High) : Low.CompareTo(other.Low);

    public static bool operator <(RequestId left, RequestId right) => left.CompareTo(right) < 0;

    public static bool operator >(RequestId left, RequestId right) => left.CompareTo(right) > 0;

    public static bool operator <=(RequestId left, RequestId right) => left.CompareTo(right) <= 0;

    public static bool operator >=(RequestId left, RequestId right) => left.CompareTo(right) >= 0;
}
