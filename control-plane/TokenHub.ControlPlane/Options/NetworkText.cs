using System.Net;

namespace TokenHub.ControlPlane.Options;

/// <summary>Reads one address or one CIDR range. A lone address is a range of one.</summary>
internal static class NetworkText
{
    public static bool TryParse(string text, out IPNetwork network)
    {
        network = default;
        if (text.Contains('%', StringComparison.Ordinal))
        {
            return false;
        }

        if (text.Contains('/', StringComparison.Ordinal))
        {
            // 10.0.0.1/8 is refused: the library would quietly make it 10.0.0.0/8.
            return IPNetwork.TryParse(text, out network)
                && IPAddress.TryParse(text.AsSpan(0, text.IndexOf('/', StringComparison.Ordinal)), out var first)
                && network.BaseAddress.Equals(first);
        }

        // Short and octal forms (127.1, 0177.0.0.1) are refused: an address must read the same to everybody.
        if (!IPAddress.TryParse(text, out var address)
            || (!text.Contains(':', StringComparison.Ordinal) && address.ToString() != text))
        {
            return false;
        }

        network = new IPNetwork(address, address.GetAddressBytes().Length * 8);
        return true;
    }

    /// <summary>The shortest common writing: a lone address without its prefix length.</summary>
    public static string Format(IPNetwork network) =>
        network.PrefixLength == network.BaseAddress.GetAddressBytes().Length * 8
            ? network.BaseAddress.ToString()
            : network.ToString();
}
