using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace TokenHub.ControlPlane.Events;

/// <summary>What the data line of an event holds.</summary>
internal sealed record EventData(string Topic, IReadOnlyList<string> Ids);

/// <summary>Writes server-sent events: <c>id</c>, <c>event</c> (the topic), <c>data</c>.</summary>
internal sealed class EventStreamWriter(HttpResponse response, string boot, IReadOnlySet<string> topics)
{
    /// <summary>
    /// A comment goes out at least this often: proxies close what is silent, and a dead client shows.
    /// </summary>
    public static readonly TimeSpan HeartbeatEvery = TimeSpan.FromSeconds(15);

    private static readonly ConsoleEvent SyncEvent = new(Topics.Sync, ConsoleEvent.Everyone, []);
    private long _last;

    public async Task BeginAsync(long place, CancellationToken cancellation)
    {
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-store";
        response.Headers["X-Accel-Buffering"] = "no";
        _last = place;

        // An id without data sets the client's Last-Event-ID and raises nothing, so even a quiet stream can be resumed.
        await WriteAsync($"retry: 2000\nid: {IdOf(place)}\n\n", cancellation);
    }

    /// <summary>Writes events as they come until a heartbeat is due, and returns true after the heartbeat.</summary>
    public async Task<bool> PumpAsync(EventStream stream, TimeProvider time, CancellationToken cancellation)
    {
        using var due = new CancellationTokenSource(HeartbeatEvery, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, due.Token);
        try
        {
            while (true)
            {
                if (stream.TakeGap())
                {
                    await WriteEventAsync(_last, SyncEvent, cancellation);
                }

                await stream.Events.WaitToReadAsync(either.Token);
                while (stream.Events.TryRead(out var news))
                {
                    _last = Math.Max(_last, news.Number);
                    if (topics.Contains(news.Event.Topic))
                    {
                        await WriteEventAsync(news.Number, news.Event, cancellation);
                    }
                }
            }
        }
        catch (OperationCanceledException) when (due.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            await WriteAsync(": heartbeat\n\n", cancellation);
            return true;
        }
    }

    private Task WriteEventAsync(long number, ConsoleEvent news, CancellationToken cancellation)
    {
        var data = JsonSerializer.Serialize(new EventData(news.Topic, news.Ids), ApiJsonContext.Default.EventData);
        return WriteAsync($"id: {IdOf(number)}\nevent: {news.Topic}\ndata: {data}\n\n", cancellation);
    }

    private string IdOf(long number) => string.Create(CultureInfo.InvariantCulture, $"{boot}-{number}");

    private async Task WriteAsync(string text, CancellationToken cancellation)
    {
        response.BodyWriter.Write(Encoding.UTF8.GetBytes(text));
        await response.BodyWriter.FlushAsync(cancellation);
    }
}
