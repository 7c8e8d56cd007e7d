using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using TokenHub.MockUpstream.Pacing;

namespace TokenHub.MockUpstream;

/// <summary>Kestrel with nothing on top of it.</summary>
public sealed class MockServer : IAsyncDisposable
{
    private const int Backlog = 8192;
    private static readonly TimeSpan StopWithin = TimeSpan.FromSeconds(1);
    private readonly WebApplication _host;
    private readonly IServer _server;
    private readonly TimerWheel _wheel;

    private MockServer(WebApplication host, TimerWheel wheel)
    {
        _host = host;
        _wheel = wheel;
        _server = host.Services.GetRequiredService<IServer>();
    }

    /// <summary>Where it listens, with the port that was really taken.</summary>
    public string Url => _server.Features.Get<IServerAddressesFeature>()!.Addresses.First();

    public static async Task<MockServer> StartAsync(MockOptions options, CancellationToken cancel = default)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore()
            .UseSockets(sockets =>
            {
                sockets.UnsafePreferInlineScheduling = true;
                sockets.Backlog = Backlog;
            })
            .ConfigureKestrel(kestrel =>
            {
                kestrel.AddServerHeader = false;
                // Streams here are slow on purpose.
                kestrel.Limits.MinResponseDataRate = null;
                kestrel.Limits.MinRequestBodyDataRate = null;
                kestrel.Listen(options.Bind, listen => listen.Protocols = HttpProtocols.Http1);
            });
        var wheel = new TimerWheel();
        var server = new MockServer(builder.Build(), wheel);
        await server._server.StartAsync(new MockApplication(new MockStats(), wheel), cancel);
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        using var limit = new CancellationTokenSource(StopWithin);
        await _server.StopAsync(limit.Token);
        _wheel.Dispose();
        await _host.DisposeAsync();
    }
}
