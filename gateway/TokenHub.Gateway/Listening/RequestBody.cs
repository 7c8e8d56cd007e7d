using System.Buffers;
using System.IO.Pipelines;

namespace TokenHub.Gateway.Listening;

internal enum BodyFault : byte
{
    None = 0,
    TooLarge,

    /// <summary>The client left, or broke the framing, before the body was whole.</summary>
    Broken,
}

/// <summary>
/// A request body in one piece of leased memory. The lease grows with what has arrived, never with what a header promises,
/// so that an announced length costs nobody any memory.
/// </summary>
internal sealed class RequestBodyLease : IDisposable
{
    private const int FirstBytes = 4 << 10;
    private byte[] _buffer = [];

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Span => _buffer.AsSpan(0, Length);

    public ReadOnlyMemory<byte> Memory => _buffer.AsMemory(0, Length);

    /// <summary>Reads to the end, or to one byte more than <paramref name="bytesMax"/>.</summary>
    public async ValueTask<BodyFault> ReadAsync(
        PipeReader reader, long? announced, int bytesMax, CancellationToken cancellationToken)
    {
        if (announced > bytesMax)
        {
            return BodyFault.TooLarge;
        }

        try
        {
            while (true)
            {
                var read = await reader.ReadAsync(cancellationToken);
                if (read.Buffer.Length > bytesMax - Length)
                {
                    reader.AdvanceTo(read.Buffer.End);
                    return BodyFault.TooLarge;
                }

                Append(read.Buffer, (int)Math.Min(announced ?? 0, bytesMax));
                reader.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                {
                    return BodyFault.None;
                }
            }
        }
        catch (Exception error) when (error is IOException or OperationCanceledException)
        {
            // Kestrel's BadHttpRequestException (bad chunk, body too slow) is an IOException.
            return BodyFault.Broken;
        }
    }

    /// <summary>Ready for the next request; the memory goes back.</summary>
    public void Dispose()
    {
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
        }

        _buffer = [];
        Length = 0;
    }

    private void Append(in ReadOnlySequence<byte> bytes, int announced)
    {
        var count = (int)bytes.Length;
        if (Length + count > _buffer.Length)
        {
            Grow(Length + count, announced);
        }

        bytes.CopyTo(_buffer.AsSpan(Length));
        Length += count;
    }

    // Doubling, but straight to the announced length once a quarter of it has really come.
    private void Grow(int needed, int announced)
    {
        var size = Math.Max(Math.Max(needed, FirstBytes), (int)Math.Min((long)_buffer.Length * 2, Array.MaxLength));
        if (needed >= announced / 4)
        {
            size = Math.Max(needed, announced);
        }

        var larger = ArrayPool<byte>.Shared.Rent(size);
        Span.CopyTo(larger);
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
        }

        _buffer = larger;
    }
}
