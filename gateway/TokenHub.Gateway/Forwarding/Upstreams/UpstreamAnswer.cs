using System.Globalization;

namespace TokenHub.Gateway.Forwarding.Upstreams;

/// <summary>
/// An upstream's answer: its head, and its body to be read in pieces. Disposing one that was not read to its end closes
/// the connection, which is how an upstream learns to stop.
/// </summary>
internal sealed class UpstreamAnswer(
    UpstreamPool pool, UpstreamConnection connection, CancellationTokenRegistration stopping) : IDisposable
{
    private bool _isDisposed;

    public int Status => connection.Head.Status;

    public bool IsSuccess => Status is >= 200 and < 300;

    public string ContentType => connection.Head.ContentType;

    public long? ContentLength => connection.Head.Length;

    /// <summary>A header of those that <see cref="HeaderRules.Read"/> lists.</summary>
    public string? Header(string name) => connection.Head.Header(name);

    /// <summary>The wait it asks for, from any of the headers upstreams use; null when it asks for none.</summary>
    public TimeSpan? RetryAfter(DateTimeOffset now)
    {
        if ((Header("retry-after-ms") ?? Header("x-ms-retry-after-ms")) is { } ms
            && double.TryParse(ms, NumberStyles.Float, CultureInfo.InvariantCulture, out var milliseconds))
        {
            return Bounded(milliseconds / 1000);
        }

        var text = Header("retry-after");
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds))
        {
            return Bounded(seconds);
        }

        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)
            ? Bounded((at - now).TotalSeconds)
            : null;
    }

    /// <summary>Waits until there is something to read, without holding memory for it.</summary>
    public ValueTask<int> WaitAsync() => connection.WaitAsync();

    /// <summary>
    /// Reads what there is, 0 bytes at the proper end. Throws <see cref="IOException"/> on a cut, and whatever a socket
    /// throws when it was closed from this side.
    /// </summary>
    public ValueTask<int> ReadAsync(Memory<byte> destination) => connection.ReadAsync(destination);

    public void Dispose()
    {
        if (_isDisposed)
        {
            return;
        }

        // First: once the connection serves another call, this one's end must not reach it.
        _isDisposed = true;
        stopping.Dispose();
        pool.Return(connection);
    }

    private static TimeSpan? Bounded(double seconds) =>
        seconds is >= 0 and < 86_400 ? TimeSpan.FromSeconds(seconds) : null;
}
