using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace TokenHub.Chaos.Proxies;

/// <summary>One edge between two parts: a TCP relay that can do to a connection whatever a network can.</summary>
internal sealed class FaultProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<int, IProxyLink> _links = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Random _random;
    private readonly Task _accepting;
    private int _number;

    public FaultProxy(string name, int targetPort, int seed)
    {
        Name = name;
        TargetPort = targetPort;
        _random = new Random(seed);
        _listener.Start(512);
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = AcceptAsync();
    }

    public string Name { get; }

    public int Port { get; }

    public string Url => $"http://127.0.0.1:{Port}";

    /// <summary>Where new connections go.</summary>
    public int TargetPort { get; set; }

    /// <summary>From who connects to who is connected to.</summary>
    public Flow Up { get; } = new();

    public Flow Down { get; } = new();

    /// <summary>New connections are reset at once.</summary>
    public bool IsDown { get; set; }

    /// <summary>Of a hundred Redis script calls so many are delivered twice, the second answer counting.</summary>
    public int RepeatPercent { get; set; }

    /// <summary>True while anything is wrong with this edge.</summary>
    public bool IsImpaired { get; private set; }

    /// <summary>Sets faults on; they last until <see cref="Heal"/>.</summary>
    public void Impair(Action<FaultProxy> fault)
    {
        IsImpaired = true;
        fault(this);
    }

    /// <summary>Resets every connection that runs now.</summary>
    public void Cut()
    {
        foreach (var link in _links.Values)
        {
            link.Reset();
        }
    }

    public void Heal()
    {
        IsDown = false;
        RepeatPercent = 0;
        Up.Heal();
        Down.Heal();
        IsImpaired = false;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        Cut();
        _stop.Dispose();
    }

    public int Next(int max)
    {
        lock (_random)
        {
            return _random.Next(max);
        }
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptSocketAsync(_stop.Token);
                _ = ServeAsync(client);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The run is over.
        }
    }

    private async Task ServeAsync(Socket client)
    {
        var number = Interlocked.Increment(ref _number);
        var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.NoDelay = true;
        IProxyLink link = RepeatPercent > 0
            ? new RepeatingLink(this, client, server)
            : new ProxyLink(this, client, server);
        try
        {
            if (IsDown)
            {
                link.Reset();
                return;
            }

            _links[number] = link;
            await server.ConnectAsync(IPAddress.Loopback, TargetPort, _stop.Token);
            await link.RunAsync(_stop.Token);
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            link.Reset();
        }
        finally
        {
            _links.TryRemove(number, out _);
            client.Dispose();
            server.Dispose();
        }
    }
}
