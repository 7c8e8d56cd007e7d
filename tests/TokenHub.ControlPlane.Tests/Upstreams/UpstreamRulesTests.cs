using System.Net;
using TokenHub.ControlPlane.Tests.Support;
using TokenHub.ControlPlane.Upstreams;

namespace TokenHub.ControlPlane.Tests.Upstreams;

public sealed class UpstreamRulesTests(Servers servers)
{
    [Theory]
    [InlineData("https://api.openai.com")]
    [InlineData("https://api.openai.com/")]
    [InlineData("https://api.openai.com/v1")]
    [InlineData("https://my-resource.openai.azure.com:8443/openai")]
    [InlineData("https://1.1.1.1/")]
    [InlineData("https://[2606:4700:4700::1111]/")]
    [InlineData("https://xn--bcher-kva.example")]
    public void Public_https_address_is_fine(string url) => Assert.Null(Rules().FaultOfUrl(url));

    [Theory]
    [InlineData("")]
    [InlineData("api.openai.com")]
    [InlineData("/v1")]
    [InlineData("http://api.openai.com")]
    [InlineData("ftp://api.openai.com")]
    [InlineData("file:///etc/passwd")]
    [InlineData("gopher://api.openai.com")]
    [InlineData("javascript:alert(1)")]
    [InlineData("https://user@api.openai.com")]
    [InlineData("https://user:pw@api.openai.com")]
    [InlineData("https://api.openai.com?x=1")]
    [InlineData("https://api.openai.com?")]
    [InlineData("https://api.openai.com#x")]
    [InlineData("https://api.openai.com#")]
    [InlineData("https://api.openai.com/a/../b")]
    [InlineData("https://api.openai.com/%2e%2e/b")]
    [InlineData("https://api.openai.com/a b")]
    [InlineData("https://api.openai.com\\@evil.example.com")]
    [InlineData("https://api.openai.com\r\nx: y")]
    [InlineData("https://localhost")]
    [InlineData("https://LOCALHOST")]
    [InlineData("https://localhost.")]
    [InlineData("https://foo.localhost")]
    [InlineData("https://redis")]
    [InlineData("https://printer.local")]
    [InlineData("https://metadata.google.internal")]
    [InlineData("https://metadata")]
    [InlineData("https://db.home.arpa")]
    [InlineData("https://127.0.0.1")]
    [InlineData("https://127.1")]
    [InlineData("https://2130706433")]
    [InlineData("https://0x7f000001")]
    [InlineData("https://0x7f.0.0.1")]
    [InlineData("https://0177.0.0.1")]
    [InlineData("https://0")]
    [InlineData("https://①②⑦.0.0.1")]
    [InlineData("https://127。0。0。1")]
    [InlineData("https://10.0.0.1")]
    [InlineData("https://192.168.1.1")]
    [InlineData("https://169.254.169.254")]
    [InlineData("https://2852039166")]
    [InlineData("https://[::1]")]
    [InlineData("https://[::]")]
    [InlineData("https://[::ffff:127.0.0.1]")]
    [InlineData("https://[::ffff:a9fe:a9fe]")]
    [InlineData("https://[::127.0.0.1]")]
    [InlineData("https://[64:ff9b::7f00:1]")]
    [InlineData("https://[2002:7f00:1::]")]
    [InlineData("https://[fd00:ec2::254]")]
    [InlineData("https://[fe80::1%25eth0]")]
    public void Anything_that_leads_elsewhere_is_refused(string url) => Assert.NotNull(Rules().FaultOfUrl(url));

    [Theory]
    [InlineData("http://127.0.0.1:8080", true, true, true)]
    [InlineData("https://127.0.0.1:8080", true, false, true)]
    [InlineData("http://api.example.com", false, true, true)]
    [InlineData("http://127.0.0.1", false, true, false)]
    [InlineData("http://127.0.0.1", true, false, false)]
    [InlineData("http://upstream:8080", true, true, true)]
    [InlineData("http://169.254.169.254", true, true, false)]
    [InlineData("http://0.0.0.0", true, true, false)]
    public void Operator_may_allow_private_and_insecure_but_never_metadata(
        string url, bool allowPrivate, bool allowInsecure, bool isFine) =>
        Assert.Equal(isFine, Rules(allowPrivate, allowInsecure).FaultOfUrl(url) is null);

    [Theory]
    [InlineData("10.0.0.1", false, false)]
    [InlineData("10.0.0.1", true, true)]
    [InlineData("169.254.169.254", true, false)]
    [InlineData("8.8.8.8", false, true)]
    public void Resolved_address_is_what_counts(string address, bool allowPrivate, bool isAllowed) =>
        Assert.Equal(isAllowed, Rules(allowPrivate).Allows(IPAddress.Parse(address)));

    private UpstreamRules Rules(bool allowPrivate = false, bool allowInsecure = false) => new(
        Plane.OptionsFor(servers, "unused") with
        {
            AllowPrivateUpstreams = allowPrivate,
            AllowInsecureUpstreams = allowInsecure,
        });
}
