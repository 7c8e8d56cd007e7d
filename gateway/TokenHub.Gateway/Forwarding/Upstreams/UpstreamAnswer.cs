using System.Globalization;
using TokenHub.Protocols.Upstreams;

namespace TokenHub.Gateway.Forwarding.Upstreams;

/// <summary>
/// An upstream's answer: its head, and its body to be read in pieces. Disposing one that was not read to its end closes
/// the connection, which is how an upstream learns to stop.
/// </summary>
internal sealed class UpstreamAnswer(
    UpstreamPool pool, UpstreamConnection connection, CancellationTokenRegistration stopping) : IDisposable
{
    private ReframedBody? _reframed;
    private bool _isDisposed;

    public int Status => _reframed?.Status ?? connection.Head.Status;

    public bool IsSuccess => Status is >= 200 and < 300;

    public string ContentType => _reframed?.ContentType ?? connection.Head.ContentType;

    public long? ContentLength => _reframed is null ? connection.Head.Length : null;

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
    public ValueTask<int> WaitAsync() => _reframed?.WaitAsync() ?? connection.WaitAsync();

    /// <summary>
    /// Reads what there is, 0 bytes at the proper end. Throws <see cref="IOException"/> on a cut, and whatever a socket
    /// throws when it was closed from this side.
    /// </summary>
    public ValueTask<int> ReadAsync(Memory<byte> destination) =>
        _reframed?.ReadAsync(destination) ?? connection.ReadAsync(destination);

    /// <summary>From now on the body is read as a framing makes it, under another type and status.</summary>
    public void Reframe(IAnswerFraming framing, string contentType, int status) =>
        _reframed = new ReframedBody(connection, framing, contentType, status);

    public void Dispose()
    {
        if (_isDisposed)
        {
            return;
        }

        // First: once the connection serves another call, this one's end must not reach it.
        _isDisposed = true;
        stopping.Dispose();
        _reframed?.Dispose();
        pool.Return(connection);
    }

    private static TimeSpan? Bounded(double seconds) =>
        seconds is >= 0 and < 86_400 ? TimeSpan.FromSeconds(seconds) : null;
}
