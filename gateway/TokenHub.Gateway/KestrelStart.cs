using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace TokenHub.Gateway;

/// <summary>
/// Kestrel without anything above it: the server is taken out of an empty builder, because its public constructor
/// misses the memory pool that a builder sets up. Parsers and limits are Kestrel's, the pipeline is ours.
/// </summary>
internal sealed class KestrelStart : IAsyncDisposable
{
    private readonly WebApplication _shell;

    private KestrelStart(WebApplication shell, IServer server)
    {
        (_shell, Server) = (shell, server);
    }

    public IServer Server { get; }

    /// <summary>The address really listened on, with the port the system chose where 0 was asked for.</summary>
    public Uri Address => new(Server.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First());

    public static async Task<KestrelStart> StartAsync(
        GatewayOptions options, GatewayApplication application, ILoggerFactory logs, CancellationToken cancel)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(logs);
        builder.WebHost.UseKestrelCore();
        builder.Services.Configure<SocketTransportOptions>(sockets =>
        {
            // With the variable that Program sets: one thread from the socket to the answer. Nothing may block on it.
            sockets.UnsafePreferInlineScheduling = true;
            sockets.NoDelay = true;
        });
        builder.Services.Configure<KestrelServerOptions>(kestrel => Configure(kestrel, options));
        var shell = builder.Build();
        var server = shell.Services.GetRequiredService<IServer>();
        await server.StartAsync(application, cancel);
        return new KestrelStart(shell, server);
    }

    public async ValueTask DisposeAsync() => await _shell.DisposeAsync();

    private static void Configure(KestrelServerOptions kestrel, GatewayOptions options)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestHeadersTotalSize = GatewayOptions.HeadersBytesMax;
        kestrel.Limits.MaxRequestHeaderCount = GatewayOptions.HeadersMax;
        kestrel.Limits.MaxRequestLineSize = GatewayOptions.RequestLineBytesMax;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        kestrel.Limits.MaxConcurrentConnections = DescriptorLimit.ConnectionsMax();

        // Bodies are bounded where they are read, so that the answer has the dialect's shape.
        kestrel.Limits.MaxRequestBodySize = null;

        // A slow reader is given the gateway's own limit, and the upstream is slowed down with it.
        kestrel.Limits.MinResponseDataRate = null;
        kestrel.Listen(options.Bind, listen => listen.Protocols = HttpProtocols.Http1);
    }
}
