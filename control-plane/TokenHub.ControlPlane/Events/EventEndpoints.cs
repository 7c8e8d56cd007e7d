using System.Globalization;
using TokenHub.ControlPlane.Access;
using TokenHub.ControlPlane.OpenApi;
using TokenHub.ControlPlane.Problems;
using TokenHub.ControlPlane.Sessions;

namespace TokenHub.ControlPlane.Events;

/// <summary>The live stream of the console.</summary>
internal static class EventEndpoints
{
    private const int StreamsPerUserMax = 20;

    public static void MapEvents(this RouteGroupBuilder api) =>
        api.MapGet("/events", StreamAsync)
            .Documented(
                "streamEvents",
                "events",
                "Server-sent events: which topics changed. Comments are heartbeats; after a gap comes `sync`.",
                400,
                429)
            .WithQuery("topics", "Topics wanted, separated by commas; all when left out.")
            .ProducesEventStream();

    private static async Task StreamAsync(
        HttpContext context,
        Caller caller,
        EventBus bus,
        SessionReader sessions,
        TimeProvider time,
        IHostApplicationLifetime lifetime)
    {
        var topics = ReadTopics(context.Request.Query["topics"].ToString());
        if (bus.CountOf(caller.UserId) >= StreamsPerUserMax)
        {
            throw TooMany();
        }

        var lastId = context.Request.Headers["Last-Event-ID"].ToString();
        using var stream = bus.Open(caller.UserId, caller.OnlyUser is null, PlaceOf(lastId, bus)) ?? throw TooMany();
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(
            context.RequestAborted, lifetime.ApplicationStopping);
        var writer = new EventStreamWriter(context.Response, bus.Boot, topics);
        try
        {
            await writer.BeginAsync(bus.Last, ending.Token);
            while (await writer.PumpAsync(stream, time, ending.Token))
            {
                if (!await sessions.IsAliveAsync(caller.SessionHash, ending.Token))
                {
                    return;
                }
            }
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // The client left, or the server stops: the stream simply ends.
        }
    }

    private static HashSet<string> ReadTopics(string text)
    {
        var topics = text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var unknown = topics.FirstOrDefault(topic => !Topics.All.Contains(topic));
        return unknown is null
            ? [.. topics.Length == 0 ? Topics.All : topics, Topics.Sync]
            : throw RefusedException.Field(
                "topics", "unknown_value", $"must be among: {string.Join(", ", Topics.All)}");
    }

    /// <summary>Null without an id. An id that is not of this process asks for a place that never was: a gap.</summary>
    private static long? PlaceOf(string lastId, EventBus bus)
    {
        if (lastId.Length == 0)
        {
            return null;
        }

        var dash = lastId.IndexOf('-', StringComparison.Ordinal);
        return dash > 0 && lastId[..dash] == bus.Boot
            && long.TryParse(lastId.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : long.MaxValue;
    }

    private static RefusedException TooMany() =>
        new(ProblemCode.TooManyRequests, "Too many event streams are open.") { RetryAfterSeconds = 5 };
}
