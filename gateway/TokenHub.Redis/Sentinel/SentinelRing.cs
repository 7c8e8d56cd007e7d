using System.Globalization;
using System.Text;
using TokenHub.Redis.Connections;
using TokenHub.Redis.Resp;

namespace TokenHub.Redis.Sentinel;

/// <summary>
/// The sentinels of the URL. All of them are asked, and of those that answer the one with the highest configuration
/// epoch is believed: one that was cut off would lead back to a master of yesterday.
/// </summary>
internal sealed class SentinelRing : IAsyncDisposable
{
    private const string SwitchChannel = "+switch-master";

    private readonly RedisOptions _options;
    private readonly RespPool[] _sentinels;
    private readonly RedisSubscriber _subscriber;
    private readonly Action _onHint;
    private int _next = -1;

    /// <param name="onHint">Told when the master may be another one; on the thread that reads a socket.</param>
    public SentinelRing(RedisOptions options, Action onHint)
    {
        _onHint = onHint;
        _options = options with
        {
            User = options.SentinelUser,
            Password = options.SentinelPassword,
            Database = 0,
            Connections = 1,
            ContinuesInline = false,
        };
        var unheard = new ServerChanges();
        _sentinels =
        [
            .. options.Hosts.Select(host => new RespPool(
                _options with { Host = host.Host, Port = host.Port },
                unheard,
                new RespPoolParts { RunsScripts = false })),
        ];
        _subscriber = new RedisSubscriber(_options, NextSentinel);
    }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _subscriber.Subscribe(SwitchChannel, _ => _onHint(), _onHint);
        await Task.WhenAll(_sentinels.Select(sentinel => StartAsync(sentinel, cancellationToken)))
            .ConfigureAwait(false);
    }

    /// <exception cref="RedisUnavailableException">No sentinel answered, or none knows the master.</exception>
    public async Task<RedisEndpoint> FindMasterAsync(CancellationToken cancellationToken)
    {
        var answers = await Task.WhenAll(_sentinels.Select(sentinel => AskAsync(sentinel, cancellationToken)))
            .ConfigureAwait(false);
        var best = answers.Where(answer => answer.Master is not null).OrderByDescending(answer => answer.Epoch)
            .FirstOrDefault();
        return best.Master ?? throw new RedisUnavailableException(
            answers.Any(answer => answer.Fault == RedisFault.AccessDenied)
                ? RedisFault.AccessDenied
                : RedisFault.NotConnected,
            $"No sentinel of {string.Join(", ", _options.Hosts)} names a master \"{_options.MasterName}\".");
    }

    public async ValueTask DisposeAsync()
    {
        await _subscriber.DisposeAsync().ConfigureAwait(false);
        foreach (var sentinel in _sentinels)
        {
            await sentinel.DisposeAsync().ConfigureAwait(false);
        }
    }

    private RedisEndpoint NextSentinel() =>
        _options.Hosts[(int)((uint)Interlocked.Increment(ref _next) % (uint)_sentinels.Length)];

    private static async Task StartAsync(RespPool sentinel, CancellationToken cancellationToken)
    {
        try
        {
            await sentinel.StartAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (RedisUnavailableException)
        {
            // The others may do; this one is tried again by itself.
        }
    }

    // The address is asked for by its own command, which names the new master from the moment it is promoted.
    private async Task<Answer> AskAsync(RespPool sentinel, CancellationToken cancellationToken)
    {
        try
        {
            var where = sentinel.Begin("SENTINEL"u8).Add("GET-MASTER-ADDR-BY-NAME"u8).Add(_options.MasterName);
            using var address = await sentinel.RunAsync(where, cancellationToken).ConfigureAwait(false);
            var about = sentinel.Begin("SENTINEL"u8).Add("MASTER"u8).Add(_options.MasterName);
            using var state = await sentinel.RunAsync(about, cancellationToken).ConfigureAwait(false);
            return new Answer(ReadAddress(address.Read()), ReadEpoch(state.Read()), RedisFault.None);
        }
        catch (RedisUnavailableException error)
        {
            return new Answer(null, -1, error.Fault);
        }
    }

    private static RedisEndpoint? ReadAddress(RespReader reader)
    {
        if (reader.IsNull || reader.ReadAggregate() != 2)
        {
            return null;
        }

        var host = Encoding.UTF8.GetString(reader.ReadBytes());
        return new RedisEndpoint(host, (int)reader.ReadInteger());
    }

    // Pairs of a name and a value, as a map or one after the other.
    private static long ReadEpoch(RespReader reader)
    {
        for (var left = reader.ReadAggregate(); left >= 2; left -= 2)
        {
            var isEpoch = reader.ReadBytes().SequenceEqual("config-epoch"u8);
            var value = reader.ReadBytes();
            if (isEpoch && long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var epoch))
            {
                return epoch;
            }
        }

        return 0;
    }

    private readonly record struct Answer(RedisEndpoint? Master, long Epoch, RedisFault Fault);
}
