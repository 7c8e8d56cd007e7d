using System.Buffers;

namespace TokenHub.Gateway.Exchanges;

/// <summary>Bytes in leased memory that grows as they come and goes back on dispose.</summary>
internal sealed class BufferLease : IBufferWriter<byte>, IDisposable
{
    private const int FirstBytes = 4 << 10;
    private byte[] _buffer = [];

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Span => _buffer.AsSpan(0, Length);

    public ReadOnlyMemory<byte> Memory => _buffer.AsMemory(0, Length);

    /// <summary>What was written, to be changed in place.</summary>
    public Span<byte> WrittenSpan => _buffer.AsSpan(0, Length);

    public void Advance(int count) => Length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(Math.Max(sizeHint, 1));
        return _buffer.AsMemory(Length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(Math.Max(sizeHint, 1));
        return _buffer.AsSpan(Length);
    }

    public void Write(in ReadOnlySequence<byte> bytes)
    {
        var count = (int)bytes.Length;
        Reserve(count);
        bytes.CopyTo(_buffer.AsSpan(Length));
        Length += count;
    }

    /// <summary>Makes room at once for a length that is known.</summary>
    public void Reserve(int count)
    {
        if (_buffer.Length - Length >= count)
        {
            return;
        }

        var doubled = (int)Math.Min((long)_buffer.Length * 2, Array.MaxLength);
        var size = Math.Max(Math.Max(Length + count, FirstBytes), doubled);
        var larger = ArrayPool<byte>.Shared.Rent(size);
        Span.CopyTo(larger);
        GiveBack();
        _buffer = larger;
    }

    public void Clear() => Length = 0;

    /// <summary>Takes bytes and memory of another, which is empty then; what was here goes back.</summary>
    public void TakeOver(BufferLease other)
    {
        GiveBack();
        (_buffer, Length) = (other._buffer, other.Length);
        (other._buffer, other.Length) = ([], 0);
    }

    public void Truncate(int length) => Length = length;

    public void Dispose()
    {
        GiveBack();
        _buffer = [];
        Length = 0;
    }

    private void GiveBack()
    {
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
        }
    }
}
