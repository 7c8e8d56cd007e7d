using System.Buffers.Binary;
using System.Globalization;
using System.Net;

namespace TokenHub.Core.Addresses;

/// <summary>An address or CIDR range. IPv4 lives at <c>::ffff:0:0/96</c>: one comparison serves both.</summary>
public readonly record struct AddressRange
{
    private const int BitsMax = 128;
    private const int MappedPrefix = 96;
    private readonly UInt128 _network;
    private readonly UInt128 _mask;

    private AddressRange(UInt128 address, int prefix)
    {
        _mask = prefix == 0 ? UInt128.Zero : UInt128.MaxValue << (BitsMax - prefix);
        _network = address & _mask;
    }

    public static AddressRange Parse(string text) =>
        TryParse(text, out var range) ? range : throw new FormatException($"'{text}' is no address or CIDR range.");

    public static bool TryParse(string text, out AddressRange range)
    {
        range = default;
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var addressText = slash < 0 ? text : text[..slash];
        if (!IPAddress.TryParse(addressText, out var address) || address.ToString().Length == 0)
        {
            return false;
        }

        var isV4 = address.TryWriteBytes(stackalloc byte[16], out var length) && length == 4;

        // IPAddress reads "10.1" and "0x7f.1" as addresses; a list of ranges is no place for such spellings.
        if (isV4 && addressText.Count(c => c == '.') != 3)
        {
            return false;
        }

        var prefix = isV4 ? 32 : BitsMax;
        if (slash >= 0
            && (!int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out prefix)
                || prefix > (isV4 ? 32 : BitsMax)))
        {
            return false;
        }

        range = new AddressRange(Bits(address), isV4 ? prefix + MappedPrefix : prefix);
        return true;
    }

    public bool Contains(IPAddress address) => Contains(Bits(address));

    public bool Contains(UInt128 addressBits) => (addressBits & _mask) == _network;

    /// <summary>The address as 128 bits, IPv4 in its mapped form.</summary>
    public static UInt128 Bits(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var length);
        return length == 4
            ? ((UInt128)0xFFFF << 32) | BinaryPrimitives.ReadUInt32BigEndian(bytes)
            : BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    /// <summary>True when one of the ranges holds the address.</summary>
    public static bool AnyContains(ReadOnlySpan<AddressRange> ranges, IPAddress address)
    {
        var bits = Bits(address);
        foreach (var range in ranges)
        {
            if (range.Contains(bits))
            {
                return true;
            }
        }

        return false;
    }
}
