using System.Runtime.CompilerServices;
using TokenHub.Protocols.Upstreams;

namespace TokenHub.Gateway.Forwarding.Upstreams;

/// <summary>
/// A body that is read in another form than it came in. Holds memory only while something of it waits to be taken.
/// </summary>
internal sealed class ReframedBody(
    UpstreamConnection connection, IAnswerFraming framing, string contentType, int status) : IDisposable
{
    private const int ReadBytes = 4 << 10;
    private readonly BufferLease _input = new();
    private readonly BufferLease _output = new();
    private int _taken;
    private bool _isEnded;
    private bool _isDamaged;

    public string ContentType { get; } = contentType;

    public int Status { get; } = status;

    public ValueTask<int> WaitAsync() =>
        _output.Length > _taken || _isEnded || _isDamaged ? new ValueTask<int>(0) : connection.WaitAsync();

    /// <summary>As an answer's: 0 at the proper end, an exception for a cut, damage being one.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<int> ReadAsync(Memory<byte> destination)
    {
        while (true)
        {
            if (_output.Length > _taken)
            {
                return Take(destination.Span);
            }

            if (_isDamaged)
            {
                throw new IOException("The upstream's answer is damaged or ends in the middle.");
            }

            if (_isEnded)
            {
                return 0;
            }

            var memory = _input.GetMemory(ReadBytes);
            var count = await connection.ReadAsync(memory);
            _isEnded = count == 0;
            _isDamaged = _isEnded
                ? !framing.Complete(_output)
                : !framing.Append(memory.Span[..count], _output);
            _input.Dispose();
        }
    }

    public void Dispose()
    {
        _input.Dispose();
        _output.Dispose();
    }

    private int Take(Span<byte> destination)
    {
        var left = _output.Span[_taken..];
        var count = Math.Min(left.Length, destination.Length);
        left[..count].CopyTo(destination);
        _taken += count;
        if (_taken == _output.Length)
        {
            _output.Dispose();
            _taken = 0;
        }

        return count;
    }
}
