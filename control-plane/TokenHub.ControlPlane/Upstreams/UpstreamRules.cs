using System.Net;
using TokenHub.ControlPlane.Options;
using TokenHub.Core.Addresses;

namespace TokenHub.ControlPlane.Upstreams;

/// <summary>
/// Where the platform may be sent. An address that people type is refused early when it is plainly wrong; what counts
/// is the check of the resolved address at each connection (<see cref="UpstreamConnector"/>).
/// </summary>
internal sealed class UpstreamRules(ControlPlaneOptions options)
{
    private const int LengthMax = 500;

    // Names that only mean something inside a network; the last one is where clouds keep machine credentials.
    private static readonly string[] InnerSuffixes =
        ["localhost", "local", "internal", "lan", "home.arpa", "intranet", "corp", "metadata"];

    /// <summary>What is wrong with the URL, or null.</summary>
    public string? FaultOfUrl(string text)
    {
        // Plain ASCII, so that a host reads the same to people and to every library: full-width and circled digits have
        // been made into addresses before. Other scripts can be written in their ASCII form (xn--).
        if (text.Length > LengthMax || text.Any(c => c is <= ' ' or '\\' or >= '\x7f')
            || !Uri.TryCreate(text, UriKind.Absolute, out var uri))
        {
            return "must be an absolute URL of plain ASCII characters";
        }

        if (uri.Scheme != Uri.UriSchemeHttps && !(uri.Scheme == Uri.UriSchemeHttp && options.AllowInsecureUpstreams))
        {
            return options.AllowInsecureUpstreams ? "must begin with https:// or http://" : "must begin with https://";
        }

        if (uri.UserInfo.Length > 0 || uri.Query.Length > 0 || uri.Fragment.Length > 0
            || text.Contains('?', StringComparison.Ordinal) || text.Contains('#', StringComparison.Ordinal))
        {
            return "must not hold a user name, a query or a fragment";
        }

        if (text.Contains('%', StringComparison.Ordinal) || text.Contains("..", StringComparison.Ordinal))
        {
            return "must not hold escapes or double dots";
        }

        return FaultOfHost(uri);
    }

    /// <summary>Whether an address that a name was resolved to may be connected to.</summary>
    public bool Allows(IPAddress address) => AddressClass.Of(address) switch
    {
        AddressKind.Public => true,
        AddressKind.Private => options.AllowPrivateUpstreams,
        _ => false,
    };

    /// <summary>For tests: tokens may be asked for elsewhere than at their issuers' own hosts.</summary>
    public bool AllowsOtherIssuers => options.AllowPrivateUpstreams;

    /// <summary>Members' upstreams use the port of their scheme: other ports are how one scans a network.</summary>
    public bool AllowsPort(Uri uri) => uri.IsDefaultPort || options.AllowPrivateUpstreams;

    private string? FaultOfHost(Uri uri)
    {
        var host = uri.IdnHost.TrimEnd('.').Trim('[', ']').ToLowerInvariant();
        if (IPAddress.TryParse(host, out var address))
        {
            return Allows(address) ? null : "must not be a private or reserved address";
        }

        if (options.AllowPrivateUpstreams)
        {
            return null;
        }

        var isInner = !host.Contains('.', StringComparison.Ordinal)
            || InnerSuffixes.Any(suffix => host == suffix || host.EndsWith("." + suffix, StringComparison.Ordinal));
        return isInner ? "must be a host on the public internet" : null;
    }
}
