using System.Text;
using TokenHub.Redis.Connections;
using TokenHub.Redis.Resp;

namespace TokenHub.Redis;

/// <summary>
/// Listens on its own connection, and says honestly when it may have missed something: messages of Redis are lost while
/// nobody is connected, so whoever follows a channel must look afresh at every gap. Thread-safe.
/// </summary>
public sealed class RedisSubscriber : IAsyncDisposable
{
    // A message counts as lost when the line was silent this long, so a gap is known well within a second.
    private const int HeartbeatMs = 250;
    private const int SilenceMsMax = 900;

    private readonly RespCallPool _calls = new(continueInline: false);
    private readonly RespConnector _connector;
    private readonly RedisOptions _options;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private Subscription[] _subscriptions = [];
    private Task _running = Task.CompletedTask;
    private RespConnection? _connection;
    private int _unconfirmed;
    private volatile bool _isConnected;

    /// <param name="where">Where to connect to, asked each time.</param>
    internal RedisSubscriber(RedisOptions options, Func<RedisEndpoint> where)
    {
        _options = options;
        _connector = new RespConnector(options, _calls) { Where = where };
    }

    /// <summary>False from the moment a connection is known to be lost until every channel is heard again.</summary>
    public bool IsConnected => _isConnected;

    /// <summary>
    /// Calls <paramref name="onMessage"/> for each message, and <paramref name="onGap"/> at every (re)connection,
    /// once the channel is heard: messages before it may have been missed. Both run on the thread that reads the
    /// socket and must be quick. One that throws costs the connection, and so leads to a gap.
    /// </summary>
    public void Subscribe(string channel, Action<ReadOnlySpan<byte>> onMessage, Action onGap)
    {
        lock (_gate)
        {
            _subscriptions = [.. _subscriptions, new Subscription(Encoding.UTF8.GetBytes(channel), onMessage, onGap)];
            if (_running.IsCompleted)
            {
                _running = RunAsync();
            }
            else if (_connection is { } connection)
            {
                Ask(connection, _subscriptions.AsSpan(_subscriptions.Length - 1));
            }
        }
    }

    /// <summary>Leaves the server it listens to unless that one still hears everything.</summary>
    internal void LeaveUnless(Func<string, bool> isListenedTo)
    {
        RespConnection? connection;
        lock (_gate)
        {
            connection = _connection;
        }

        if (connection is not null && !isListenedTo(connection.Endpoint))
        {
            connection.Close(new RedisUnavailableException(RedisFault.ConnectionLost, "Messages go elsewhere now."));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        var backOff = new BackOff(_options.ReconnectDelayMax);
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await ListenAsync(backOff).ConfigureAwait(false);
                await Task.Delay(backOff.Next(), _stop.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private async Task ListenAsync(BackOff backOff)
    {
        try
        {
            await using var connection =
                await _connector.ConnectAsync(OnPush, runsScripts: false, _stop.Token).ConfigureAwait(false);
            backOff.Connected();
            lock (_gate)
            {
                _connection = connection;
                _unconfirmed = 0;
                Ask(connection, _subscriptions);
            }

            await WatchAsync(connection).ConfigureAwait(false);
            backOff.Lost();
        }
        catch (RedisUnavailableException)
        {
            // Tried again after a pause; IsConnected says how things stand.
        }
        finally
        {
            lock (_gate)
            {
                _connection = null;
                _isConnected = false;
            }
        }
    }

    // Returns when the connection has ended or was silent for too long.
    private async Task WatchAsync(RespConnection connection)
    {
        while (!connection.Closed.IsCompleted)
        {
            await Task.WhenAny(connection.Closed, Task.Delay(HeartbeatMs, _stop.Token)).ConfigureAwait(false);
            _stop.Token.ThrowIfCancellationRequested();
            if (Environment.TickCount64 - connection.LastReceivedMs > SilenceMsMax)
            {
                connection.Close(new TimeoutException("The server was silent."));
            }

            connection.SendOneWay(_calls.Rent(null).Add("PING"u8));
        }
    }

    // Under the lock.
    private void Ask(RespConnection connection, ReadOnlySpan<Subscription> subscriptions)
    {
        var call = _calls.Rent(null).Add("SUBSCRIBE"u8);
        foreach (var subscription in subscriptions)
        {
            call.Add(subscription.Channel);
            _unconfirmed++;
        }

        _isConnected = false;
        connection.SendOneWay(call);
    }

    // >3 message channel payload, >3 subscribe channel count; before RESP3 the same in arrays. A PONG is neither.
    private void OnPush(ReadOnlySpan<byte> frame)
    {
        var reader = new RespReader(frame);
        if (reader.Kind is not ((byte)'>' or (byte)'*') || reader.ReadAggregate() < 3)
        {
            if (reader.IsError)
            {
                throw RespErrors.ToException(reader.ReadBytes());
            }

            return;
        }

        var kind = reader.ReadBytes();
        var channel = reader.ReadBytes();
        if (kind.SequenceEqual("message"u8))
        {
            var message = reader.ReadBytes();
            foreach (var subscription in Volatile.Read(ref _subscriptions))
            {
                if (channel.SequenceEqual(subscription.Channel))
                {
                    subscription.OnMessage(message);
                }
            }
        }
        else if (kind.SequenceEqual("subscribe"u8))
        {
            Confirm(channel);
        }
    }

    // The gap is told before the subscriber counts as connected: what is read after it is fresh.
    private void Confirm(ReadOnlySpan<byte> channel)
    {
        foreach (var subscription in Volatile.Read(ref _subscriptions))
        {
            if (channel.SequenceEqual(subscription.Channel))
            {
                subscription.OnGap();
            }
        }

        lock (_gate)
        {
            _unconfirmed--;
            _isConnected = _unconfirmed == 0 && _connection is not null;
        }
    }

    private sealed record Subscription(byte[] Channel, Action<ReadOnlySpan<byte>> OnMessage, Action OnGap);
}
