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
    private BufferLease? _before;
    private int _taken;
    private bool _isDisposed;

    public int Status => _reframed?.Status ?? connection.Head.Status;

    public bool IsSuccess => Status is >= 200 and < 300;

    public string ContentType => _reframed?.ContentType ?? connection.Head.ContentType;

    public long? ContentLength => _reframed is null ? connection.Head.Length : null;

    /// <summary>A header of those that <see cref="HeaderRules.Read"/> lists.</summary>
    public string? Header(string name) => connection.Head.Header(name);

    /// <summary>Waits until there is something to read, without holding memory for it.</summary>
    public ValueTask<int> WaitAsync() =>
        _before is not null ? new ValueTask<int>(0) : _reframed?.WaitAsync() ?? connection.WaitAsync();

    /// <summary>
    /// Reads what there is, 0 bytes at the proper end. Throws <see cref="IOException"/> on a cut, and whatever a socket
    /// throws when it was closed from this side.
    /// </summary>
    public ValueTask<int> ReadAsync(Memory<byte> destination) =>
        _before is not null ? new ValueTask<int>(TakeBefore(destination.Span))
        : _reframed?.ReadAsync(destination) ?? connection.ReadAsync(destination);

    /// <summary>
    /// Puts bytes that were read back before what is to come. They stay the caller's, until they are read.
    /// </summary>
    public void PutBack(BufferLease bytes) => (_before, _taken) = (bytes.Length > 0 ? bytes : null, 0);

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

    private int TakeBefore(Span<byte> destination)
    {
        var left = _before!.Span[_taken..];
        var count = Math.Min(left.Length, destination.Length);
        left[..count].CopyTo(destination);
        _taken += count;
        _before = _taken == _before.Length ? null : _before;
        return count;
    }
}
