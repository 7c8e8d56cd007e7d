using System.Net;

namespace TokenHub.Gateway.Forwarding.Addresses;

/// <summary>What kind of place an address leads to.</summary>
internal enum AddressClass : byte
{
    /// <summary>Somewhere on the public internet.</summary>
    Public = 0,

    /// <summary>Loopback, private, link-local and the like: reachable only where the operator allows it.</summary>
    Private,

    /// <summary>Never a place for an upstream: metadata services, multicast, broadcast.</summary>
    Forbidden,
}

/// <summary>
/// Classifies the address that is about to be connected to, by the IANA special-purpose registries. Forms that carry an
/// IPv4 address inside (mapped, compatible, NAT64, 6to4, Teredo) count as what they carry. Text is never looked at: the
/// framework's own tests miss most of these (IPAddress.IsLoopback is false for ::127.0.0.1 and 64:ff9b::7f00:1).
/// </summary>
internal static class AddressClassifier
{
    private static readonly AddressRange[] Forbidden =
    [
        .. Parse("169.254.169.254", "169.254.170.2", "100.100.100.200", "192.0.0.192", "168.63.129.16"),
        .. Parse("fd00:ec2::254", "224.0.0.0/4", "255.255.255.255", "ff00::/8"),
    ];

    private static readonly AddressRange[] Special =
    [
        .. Parse("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        .. Parse("192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24"),
        .. Parse("192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
        .. Parse("240.0.0.0/4"),
        .. Parse("2001::/23", "2001:db8::/32", "2620:4f:8000::/48", "3fff::/20"),
    ];

    private static readonly AddressRange MappedV4 = AddressRange.Parse("::ffff:0:0/96");
    private static readonly AddressRange CompatibleV4 = AddressRange.Parse("::/96");
    private static readonly AddressRange TranslatedV4 = AddressRange.Parse("::ffff:0:0:0/96");
    private static readonly AddressRange Nat64 = AddressRange.Parse("64:ff9b::/96");
    private static readonly AddressRange SixToFour = AddressRange.Parse("2002::/16");
    private static readonly AddressRange Teredo = AddressRange.Parse("2001::/32");
    private static readonly AddressRange GlobalUnicast = AddressRange.Parse("2000::/3");

    public static AddressClass Classify(IPAddress address) => Classify(AddressRange.Bits(address));

    private static AddressClass Classify(UInt128 bits)
    {
        if (AnyContains(Forbidden, bits))
        {
            return AddressClass.Forbidden;
        }

        if (MappedV4.Contains(bits))
        {
            return AnyContains(Special, bits) ? AddressClass.Private : AddressClass.Public;
        }

        if (CarriedV4(bits) is { } carried)
        {
            // Loopback ::1 and the unspecified :: fall in here too, as 0.0.0.1 and 0.0.0.0.
            return Classify(carried);
        }

        return GlobalUnicast.Contains(bits) && !AnyContains(Special, bits) ? AddressClass.Public : AddressClass.Private;
    }

    private static UInt128? CarriedV4(UInt128 bits)
    {
        uint? v4 = CompatibleV4.Contains(bits) || TranslatedV4.Contains(bits) || Nat64.Contains(bits) ? (uint)bits
            : SixToFour.Contains(bits) ? (uint)(bits >> 80)
            : Teredo.Contains(bits) ? ~(uint)bits
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
