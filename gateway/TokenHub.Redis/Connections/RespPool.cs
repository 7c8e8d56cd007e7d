using TokenHub.Redis.Cluster;
using TokenHub.Redis.Resp;
using TokenHub.Redis.Scripts;

namespace TokenHub.Redis.Connections;

/// <summary>
/// The connections to one server: hands calls to one that is open, opens again what was lost. Thread-safe.
/// </summary>
internal sealed class RespPool : ITopology, IScriptRunner
{
    private const int TickMs = 20;
    private static readonly SlotRange[] AllSlots = [new SlotRange(0, HashSlot.Count - 1)];

    private readonly RedisOptions _options;
    private readonly RespCallPool _calls;
    private readonly ServerChanges _changes;
    private readonly RespConnector _connector;
    private readonly RespLine[] _lines;
    private readonly Timer _ticker;
    private readonly Lock _gate = new();
    private string? _runId;
    private int _next;
    private int _isTicking;

    public RespPool(RedisOptions options, ServerChanges changes)
        : this(options, changes, new RespPoolParts())
    {
    }

    public RespPool(RedisOptions options, ServerChanges changes, RespPoolParts parts)
    {
        _options = options;
        _changes = changes;
        _calls = parts.Calls ?? new RespCallPool(options.ContinuesInline);
        var endpoint = new RedisEndpoint(options.Host, options.Port);
        _connector = new RespConnector(options, _calls)
        {
            Where = parts.Where ?? (() => endpoint),
            Errors = parts.Errors,
            WantsMaster = parts.WantsMaster,
        };
        _lines = new RespLine[options.Connections];
        for (var i = 0; i < _lines.Length; i++)
        {
            _lines[i] = new RespLine(
                _connector, options.ReconnectDelayMax, parts.RunsScripts, OnConnected, changes.Tell);
        }

        _ticker = new Timer(static pool => ((RespPool)pool!).Tick(), this, TickMs, TickMs);
    }

    public IScriptRunner Runner => this;

    public bool IsConnected => Pick() is not null;

    public RedisServerInfo Server => Pick()?.Server ?? RedisServerInfo.Unknown;

    /// <summary>Of the server that was connected last; empty while none is known.</summary>
    public string RunId => Volatile.Read(ref _runId) ?? "";

    public IReadOnlyList<RedisNode> Nodes => [new RedisNode(_connector.Where().ToString(), RunId, AllSlots)];

    public bool IsSplit => false;

    public RedisEndpoint NextForSubscriber() => _connector.Where();

    public bool IsListenedTo(string endpoint) => _connector.Where().ToString() == endpoint;

    /// <summary>Returns when every line has tried once; throws when none of them is connected.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var first = _lines.Select(line => line.StartAsync()).ToArray();
        var faults = await Task.WhenAll(first).WaitAsync(cancellationToken).ConfigureAwait(false);
        if (!IsConnected)
        {
            throw faults.FirstOrDefault(fault => fault is not null) ?? NotConnected();
        }
    }

    public RespCall Begin(LuaScript script) => _calls.Rent(script);

    public RespCall Begin(ReadOnlySpan<byte> command) => _calls.Rent(null).Add(command);

    public ValueTask<RespReply> RunAsync(RespCall begun, CancellationToken cancellationToken)
    {
        var timeoutMs = (long)_options.CallTimeout.TotalMilliseconds;
        var reply = begun.Arm(Environment.TickCount64 + timeoutMs, cancellationToken);
        var connection = Pick();
        if (cancellationToken.IsCancellationRequested)
        {
            begun.Expire(_options.Endpoint);
            begun.Release();
        }
        else if (connection is null)
        {
            begun.Fail(NotConnected());
            begun.Release();
        }
        else
        {
            connection.Send(begun);
        }

        return reply;
    }

    /// <summary>What to tell a caller while no connection is open.</summary>
    public RedisUnavailableException NotConnected() => new(
        RedisFault.NotConnected,
        $"There is no connection to Redis at {_connector.Where()}.",
        _lines.Select(line => line.LastFault).FirstOrDefault(fault => fault is not null));

    /// <summary>Sends an armed call; false when no connection is open, and then nothing has happened to it.</summary>
    public bool TrySend(RespCall armed)
    {
        if (Pick() is not { } connection)
        {
            return false;
        }

        connection.Send(armed);
        return true;
    }

    /// <summary>Ends connections to anywhere else; they are opened anew where the server is by then.</summary>
    public void ReconnectUnlessAt(string endpoint)
    {
        foreach (var line in _lines)
        {
            if (line.Connection is { } connection && connection.Endpoint != endpoint)
            {
                connection.Close(new RedisUnavailableException(
                    RedisFault.ConnectionLost, $"The master is at {endpoint} now."));
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _ticker.DisposeAsync().ConfigureAwait(false);
        foreach (var line in _lines)
        {
            await line.DisposeAsync().ConfigureAwait(false);
        }
    }

    // A server that was restarted, or another in its place, or one that does not say: it may have lost something.
    private void OnConnected(RespConnection connection)
    {
        var runId = connection.Server.RunId;
        lock (_gate)
        {
            if (_runId is not null && (runId.Length == 0 || runId != _runId))
            {
                _changes.Raise();
            }

            _runId = runId;
        }
    }

    private RespConnection? Pick()
    {
        var from = (uint)(_lines.Length == 1 ? 0 : Interlocked.Increment(ref _next));
        for (var i = 0u; i < _lines.Length; i++)
        {
            if (_lines[(from + i) % _lines.Length].Connection is { IsOpen: true } connection)
            {
                return connection;
            }
        }

        return null;
    }

    private void Tick()
    {
        if (Interlocked.Exchange(ref _isTicking, 1) != 0)
        {
            return;
        }

        var nowMs = Environment.TickCount64;
        foreach (var line in _lines)
        {
            if (line.Connection is not { } connection)
            {
                continue;
            }

            connection.Tick(nowMs);
            if (connection.IsIdle(nowMs))
            {
                Ping(connection);
            }
        }

        Volatile.Write(ref _isTicking, 0);
    }

    // Nobody waits for the answer: the connection notices when it stays out.
    private void Ping(RespConnection connection)
    {
        var call = Begin("PING"u8);
        call.Disown();
        connection.Send(call);
    }
}
