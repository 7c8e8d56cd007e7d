using System.Net;

namespace TokenHub.Core.Addresses;

/// <summary>
/// Classifies the address that is about to be connected to, by the IANA special-purpose registries. Forms that carry an
/// IPv4 address inside (mapped, translated, NAT64, 6to4) count as what they carry. Text is never looked at: the
/// framework's own tests miss most of these (IPAddress.IsLoopback is false for ::127.0.0.1 and 64:ff9b::7f00:1).
/// </summary>
public static class AddressClass
{
    // Metadata services first: some live in ranges that an operator may allow.
    private static readonly AddressRange[] Metadata = Parse(
        "169.254.169.254", "169.254.170.2", "100.100.100.200", "192.0.0.192", "168.63.129.16", "fd00:ec2::254");

    private static readonly AddressRange[] PrivateRanges = Parse(
        "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1", "fc00::/7");

    private static readonly AddressRange[] NeverRanges =
    [
        .. Parse("0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24"),
        .. Parse("192.88.99.0/24", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
        .. Parse("224.0.0.0/4", "240.0.0.0/4"),

        // IETF protocol assignments, Teredo and benchmarking among them; documentation; a retired test bed; AS112.
        .. Parse("2001::/23", "2001:db8::/32", "3ffe::/16", "3fff::/20", "2620:4f:8000::/48"),
    ];

    private static readonly AddressRange MappedV4 = AddressRange.Parse("::ffff:0:0/96");
    private static readonly AddressRange TranslatedV4 = AddressRange.Parse("::ffff:0:0:0/96");
    private static readonly AddressRange Nat64 = AddressRange.Parse("64:ff9b::/96");
    private static readonly AddressRange SixToFour = AddressRange.Parse("2002::/16");
    private static readonly AddressRange GlobalUnicast = AddressRange.Parse("2000::/3");

    public static AddressKind Of(IPAddress address)
    {
        var bits = AddressRange.Bits(address);
        return OfBits(CarriedV4(bits) ?? bits);
    }

    private static AddressKind OfBits(UInt128 bits)
    {
        if (AnyContains(Metadata, bits) || AnyContains(NeverRanges, bits))
        {
            return AddressKind.Never;
        }

        if (AnyContains(PrivateRanges, bits))
        {
            return AddressKind.Private;
        }

        // What is neither IPv4 nor in the one block in use is not given out; IPv4-compatible forms were withdrawn.
        return MappedV4.Contains(bits) || GlobalUnicast.Contains(bits) ? AddressKind.Public : AddressKind.Never;
    }

    private static UInt128? CarriedV4(UInt128 bits)
    {
        uint? v4 = TranslatedV4.Contains(bits) || Nat64.Contains(bits) ? (uint)bits
            : SixToFour.Contains(bits) ? (uint)(bits >> 80)
            : null;
        return v4 is { } carried ? ((UInt128)0xFFFF << 32) | carried : null;
    }

    private static bool AnyContains(AddressRange[] ranges, UInt128 bits)
    {
        foreach (var range in ranges)
        {
            if (range.Contains(bits))
            {
                return true;
            }
        }

        return false;
    }

    private static AddressRange[] Parse(params ReadOnlySpan<string> ranges)
    {
        var parsed = new AddressRange[ranges.Length];
        for (var i = 0; i < ranges.Length; i++)
        {
            parsed[i] = AddressRange.Parse(ranges[i]);
        }

        return parsed;
    }
}
