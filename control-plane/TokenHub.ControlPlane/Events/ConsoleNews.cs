using System.Text.Json;
using TokenHub.Redis;

namespace TokenHub.ControlPlane.Events;

/// <summary>An event on its way to the other control planes; <see cref="Origin"/> keeps it from coming back.</summary>
internal sealed record RelayedEvent(string Origin, string Topic, long Audience, IReadOnlyList<string> Ids);

/// <summary>
/// Publishes events here and, through Redis, at every other control plane. Redis being away costs the others' consoles
/// some freshness, never a change itself.
/// </summary>
internal sealed partial class ConsoleNews(EventBus bus, RedisClient redis, ILogger<ConsoleNews> logger) : IHostedService
{
    /// <summary>Redis pub/sub channel between control planes.</summary>
    public const string RelayChannel = "tokenhub:console";

    private static readonly TimeSpan RelayTimeout = TimeSpan.FromSeconds(1);

    public void Publish(string topic, long audience, params IReadOnlyList<string> ids)
    {
        var news = new ConsoleEvent(topic, audience, ids);
        bus.Publish(news);
        _ = RelayAsync(news);
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        redis.Subscriber.Subscribe(
            RelayChannel,
            Receive,
            () => bus.Publish(new ConsoleEvent(Topics.Sync, ConsoleEvent.Everyone, [])));
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private void Receive(ReadOnlySpan<byte> message)
    {
        try
        {
            var relayed = JsonSerializer.Deserialize(message, ApiJsonContext.Default.RelayedEvent);
            if (relayed is not null && relayed.Origin != bus.Boot)
            {
                bus.Publish(new ConsoleEvent(relayed.Topic, relayed.Audience, relayed.Ids));
            }
        }
        catch (JsonException)
        {
            LogUnreadable(logger);
        }
    }

    private async Task RelayAsync(ConsoleEvent news)
    {
        try
        {
            using var timeout = new CancellationTokenSource(RelayTimeout);
            var message = JsonSerializer.SerializeToUtf8Bytes(
                new RelayedEvent(bus.Boot, news.Topic, news.Audience, news.Ids), ApiJsonContext.Default.RelayedEvent);
            await redis.PublishAsync(RelayChannel, message, timeout.Token);
        }
        catch (Exception fault) when (fault is RedisUnavailableException or OperationCanceledException)
        {
            LogNotRelayed(logger, news.Topic, fault);
        }
    }

    [LoggerMessage(300, LogLevel.Debug, "News of {Topic} did not reach the other control planes")]
    private static partial void LogNotRelayed(ILogger logger, string topic, Exception fault);

    [LoggerMessage(301, LogLevel.Warning, "A message between control planes could not be read")]
    private static partial void LogUnreadable(ILogger logger);
}
