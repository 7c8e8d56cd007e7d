using System.Net.Sockets;
using TokenHub.ControlPlane.Tests.Support;
using TokenHub.ControlPlane.Upstreams;
using TokenHub.TestKit;

namespace TokenHub.ControlPlane.Tests.Upstreams;

public sealed class UpstreamConnectorTests(Servers servers)
{
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("localhost")]
    public async Task Name_that_leads_to_a_private_address_is_not_connected_to(string host)
    {
        await using var upstream = ScriptedUpstream.Start();

        var fault = await Assert.ThrowsAsync<HttpRequestException>(
            () => GetAsync(allowPrivate: false, $"http://{host}:{upstream.Port}/"));

        Assert.IsType<AddressRefusedException>(fault.InnerException);
        Assert.Equal(0, upstream.Connections);
    }

    [Fact]
    public async Task Redirect_is_not_followed()
    {
        await using var target = ScriptedUpstream.Start();
        await using var upstream = ScriptedUpstream.Start();
        upstream.Enqueue(ScriptedUpstreamScript.Answer(307, "", "text/plain", $"location: {target.Url}/"));

        using var response = await GetAsync(allowPrivate: true, upstream.Url);

        Assert.Equal(307, (int)response.StatusCode);
        Assert.Equal(0, target.Connections);
    }

    [Fact]
    public async Task Proxy_of_the_environment_is_not_used()
    {
        await using var upstream = ScriptedUpstream.Start();
        upstream.Enqueue(ScriptedUpstreamScript.Answer(200, "{}"));
        using var closed = new TcpListener(System.Net.IPAddress.Loopback, 0);
        closed.Start();
        Environment.SetEnvironmentVariable("HTTP_PROXY", $"http://{closed.LocalEndpoint}");
        try
        {
            using var response = await GetAsync(allowPrivate: true, upstream.Url);

            Assert.Equal(200, (int)response.StatusCode);
        }
        finally
        {
            Environment.SetEnvironmentVariable("HTTP_PROXY", null);
        }
    }

    private async Task<HttpResponseMessage> GetAsync(bool allowPrivate, string url)
    {
        var options = Plane.OptionsFor(servers, "unused") with { AllowPrivateUpstreams = allowPrivate };
        using var client = new UpstreamConnector(new UpstreamRules(options)).CreateClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        return await client.SendAsync(request, TestContext.Current.CancellationToken);
    }
}
