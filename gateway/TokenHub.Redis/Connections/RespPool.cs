using TokenHub.Redis.Resp;
using TokenHub.Redis.Scripts;

namespace TokenHub.Redis.Connections;

/// <summary>
/// The connections to one server: hands calls to one that is open, opens again what was lost. Thread-safe.
/// </summary>
internal sealed class RespPool : IScriptRunner, IAsyncDisposable
{
    private const int TickMs = 20;

    private readonly RedisOptions _options;
    private readonly RespCallPool _calls;
    private readonly RespLine[] _lines;
    private readonly Timer _ticker;
    private int _next;
    private int _isTicking;

    public RespPool(RedisOptions options)
    {
        _options = options;
        _calls = new RespCallPool(options.ContinuesInline);
        Connector = new RespConnector(options, _calls);
        _lines = new RespLine[options.Connections];
        for (var i = 0; i < _lines.Length; i++)
        {
            _lines[i] = new RespLine(Connector, options.ReconnectDelayMax);
        }

        _ticker = new Timer(static pool => ((RespPool)pool!).Tick(), this, TickMs, TickMs);
    }

    public RespConnector Connector { get; }

    public bool IsConnected => Pick() is not null;

    public RedisServerInfo Server => Pick()?.Server ?? RedisServerInfo.Unknown;

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

    public async ValueTask DisposeAsync()
    {
        await _ticker.DisposeAsync().ConfigureAwait(false);
        foreach (var line in _lines)
        {
            await line.DisposeAsync().ConfigureAwait(false);
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

    private RedisUnavailableException NotConnected() => new(
        RedisFault.NotConnected,
        $"There is no connection to Redis at {_options.Endpoint}.",
        _lines.Select(line => line.LastFault).FirstOrDefault(fault => fault is not null));
}
