using System.Net;
using TokenHub.Core.Addresses;
using TokenHub.Gateway.Auth;
using Xunit;

namespace TokenHub.Gateway.Tests.Auth;

public sealed class ClientAddressTests
{
    private static readonly ClientAddress Addresses =
        new([AddressRange.Parse("10.0.0.0/8"), AddressRange.Parse("fd00::/8")]);

    [Theory]
    [InlineData("203.0.113.9", "1.1.1.1", "203.0.113.9")]
    [InlineData("10.0.0.1", "1.1.1.1", "1.1.1.1")]
    [InlineData("10.0.0.1", "6.6.6.6, 1.1.1.1", "1.1.1.1")]
    [InlineData("10.0.0.1", "6.6.6.6, 1.1.1.1, 10.0.0.2", "1.1.1.1")]
    [InlineData("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3")]
    [InlineData("10.0.0.1", "1.1.1.1, garbage", "10.0.0.1")]
    [InlineData("10.0.0.1", "1.1.1.1, garbage, 10.0.0.2", "10.0.0.2")]
    [InlineData("10.0.0.1", "1.1.1.1:4711", "1.1.1.1")]
    [InlineData("10.0.0.1", "[2001:db8::1]:443", "2001:db8::1")]
    [InlineData("10.0.0.1", "", "10.0.0.1")]
    [InlineData("::ffff:10.0.0.1", "1.1.1.1", "1.1.1.1")]
    public void Rightmost_untrusted_address_counts_and_only_behind_a_trusted_proxy(
        string peer, string forwarded, string expected)
    {
        Assert.Equal(IPAddress.Parse(expected), Addresses.Of(IPAddress.Parse(peer), forwarded));
    }

    [Fact]
    public void Header_sent_twice_is_read_from_its_end()
    {
        string[] headers = ["6.6.6.6, 7.7.7.7", "1.1.1.1, 10.0.0.9"];

        Assert.Equal(IPAddress.Parse("1.1.1.1"), Addresses.Of(IPAddress.Parse("10.0.0.1"), headers));
    }

    [Fact]
    public void Without_trusted_proxies_the_header_means_nothing()
    {
        var peer = IPAddress.Parse("10.0.0.1");

        Assert.Equal(peer, new ClientAddress([]).Of(peer, "1.1.1.1"));
    }
}
