using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace TokenHub.ControlPlane.Upstreams;

/// <summary>What kind of place an IP address is.</summary>
internal enum AddressKind
{
    /// <summary>A host on the public internet.</summary>
    Public = 0,

    /// <summary>Loopback, private and shared ranges: allowed when the operator says so.</summary>
    Private = 1,

    /// <summary>Link-local (cloud metadata lives there), multicast, reserved: never an upstream.</summary>
    Never = 2,
}

/// <summary>
/// Classifies the address a connection would really go to. Names and spellings are not looked at: only the bytes. The
/// ranges are IANA's special-purpose registries; addresses that carry another inside are judged by the one inside.
/// </summary>
internal static class AddressClass
{
    private static readonly (IPNetwork Range, AddressKind Kind)[] V4 =
    [
        (Net("10.0.0.0/8"), AddressKind.Private),
        (Net("100.64.0.0/10"), AddressKind.Private),
        (Net("127.0.0.0/8"), AddressKind.Private),
        (Net("172.16.0.0/12"), AddressKind.Private),
        (Net("192.168.0.0/16"), AddressKind.Private),
        (Net("0.0.0.0/8"), AddressKind.Never),
        (Net("169.254.0.0/16"), AddressKind.Never),
        (Net("192.0.0.0/24"), AddressKind.Never),
        (Net("192.0.2.0/24"), AddressKind.Never),
        (Net("192.31.196.0/24"), AddressKind.Never),
        (Net("192.52.193.0/24"), AddressKind.Never),
        (Net("192.88.99.0/24"), AddressKind.Never),
        (Net("192.175.48.0/24"), AddressKind.Never),
        (Net("198.18.0.0/15"), AddressKind.Never),
        (Net("198.51.100.0/24"), AddressKind.Never),
        (Net("203.0.113.0/24"), AddressKind.Never),
        (Net("224.0.0.0/4"), AddressKind.Never),
        (Net("240.0.0.0/4"), AddressKind.Never),
    ];

    private static readonly (IPNetwork Range, AddressKind Kind)[] V6 =
    [
        (Net("::1/128"), AddressKind.Private),
        (Net("fc00::/7"), AddressKind.Private),

        // IETF protocol assignments, Teredo and benchmarking among them; documentation; a retired test bed.
        (Net("2001::/23"), AddressKind.Never),
        (Net("2001:db8::/32"), AddressKind.Never),
        (Net("3ffe::/16"), AddressKind.Never),
        (Net("3fff::/20"), AddressKind.Never),
    ];

    private static readonly IPNetwork GlobalUnicast = Net("2000::/3");
    private static readonly IPNetwork Nat64 = Net("64:ff9b::/96");
    private static readonly IPNetwork SixToFour = Net("2002::/16");

    public static AddressKind Of(IPAddress address) => address.AddressFamily switch
    {
        AddressFamily.InterNetwork => OfV4(address),
        AddressFamily.InterNetworkV6 => OfV6(address),
        _ => AddressKind.Never,
    };

    private static AddressKind OfV4(IPAddress address) => Find(V4, address) ?? AddressKind.Public;

    private static AddressKind OfV6(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);

        // A zone id (fe80::1%eth0) is no part of the bytes, and only link-local addresses have one.
        var plain = new IPAddress(bytes);
        if (plain.IsIPv4MappedToIPv6 || Nat64.Contains(plain))
        {
            return OfV4(new IPAddress(bytes[12..]));
        }

        if (SixToFour.Contains(plain))
        {
            return OfV4(new IPAddress(bytes.Slice(2, 4)));
        }

        // "IPv4-compatible" addresses were withdrawn; ::127.0.0.1 is not loopback to the base library.
        var isCompatible = BinaryPrimitives.ReadUInt64BigEndian(bytes) == 0
            && BinaryPrimitives.ReadUInt32BigEndian(bytes[8..]) == 0
            && !plain.Equals(IPAddress.IPv6Loopback);
        if (isCompatible)
        {
            return AddressKind.Never;
        }

        return Find(V6, plain) ?? (GlobalUnicast.Contains(plain) ? AddressKind.Public : AddressKind.Never);
    }

    private static AddressKind? Find((IPNetwork Range, AddressKind Kind)[] table, IPAddress address)
    {
        foreach (var (range, kind) in table)
        {
            if (range.Contains(address))
            {
                return kind;
            }
        }

        return null;
    }

    private static IPNetwork Net(string text) => IPNetwork.Parse(text);
}
