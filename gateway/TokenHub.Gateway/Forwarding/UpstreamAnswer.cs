using System.Globalization;

namespace TokenHub.Gateway.Forwarding;

/// <summary>
/// An upstream's answer: its head, and its body to be read in pieces. Disposing one that was not read to its end closes
/// the connection, which is how an upstream learns to stop.
/// </summary>
internal sealed class UpstreamAnswer(HttpResponseMessage response, Stream body) : IDisposable
{
    public int Status => (int)response.StatusCode;

    public bool IsSuccess => Status is >= 200 and < 300;

    public string ContentType => Header("content-type") ?? "";

    public long? ContentLength => response.Content.Headers.ContentLength;

    public string? Header(string name)
    {
        if (response.Headers.NonValidated.TryGetValues(name, out var values)
            || response.Content.Headers.NonValidated.TryGetValues(name, out values))
        {
            foreach (var value in values)
            {
                return value;
            }
        }

        return null;
    }

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

    /// <summary>Reads what there is, 0 bytes at the proper end. Throws <see cref="IOException"/> on a cut.</summary>
    public ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken) =>
        body.ReadAsync(destination, cancellationToken);

    public void Dispose()
    {
        body.Dispose();
        response.Dispose();
    }

    private static TimeSpan? Bounded(double seconds) =>
        seconds is >= 0 and < 86_400 ? TimeSpan.FromSeconds(seconds) : null;
}
