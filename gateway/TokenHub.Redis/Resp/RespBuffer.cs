namespace TokenHub.Redis.Resp;

/// <summary>
/// A growing run of bytes that is filled at the end and may be consumed from the front. Not thread-safe; whoever owns
/// it serialises access.
/// </summary>
internal sealed class RespBuffer(int capacity)
{
    private byte[] _bytes = new byte[capacity];
    private int _start;
    private int _end;

    public int Length => _end - _start;

    public int Capacity => _bytes.Length;

    public ReadOnlySpan<byte> Span => _bytes.AsSpan(_start, Length);

    public ReadOnlyMemory<byte> Memory => _bytes.AsMemory(_start, Length);

    /// <summary>
    /// Free room of at least <paramref name="size"/> bytes; what is written there counts after <see cref="Advance"/>.
    /// </summary>
    public Span<byte> GetSpan(int size)
    {
        EnsureRoom(size);
        return _bytes.AsSpan(_end);
    }

    public Memory<byte> GetMemory(int size)
    {
        EnsureRoom(size);
        return _bytes.AsMemory(_end);
    }

    public void Advance(int count) => _end += count;

    public void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(GetSpan(bytes.Length));
        _end += bytes.Length;
    }

    public void Consume(int count)
    {
        _start += count;
        if (_start == _end)
        {
            _start = _end = 0;
        }
    }

    /// <summary>Empties the buffer, and gives back memory that one large message had needed.</summary>
    public void Clear(int keepBytesMax)
    {
        _start = _end = 0;
        if (_bytes.Length > keepBytesMax)
        {
            _bytes = new byte[keepBytesMax];
        }
    }

    private void EnsureRoom(int size)
    {
        if (_bytes.Length - _end >= size)
        {
            return;
        }

        var needed = checked(Length + size);
        var target = needed <= _bytes.Length ? _bytes : new byte[Math.Max(needed, checked(_bytes.Length * 2))];
        _bytes.AsSpan(_start, Length).CopyTo(target);
        _end = Length;
        _start = 0;
        _bytes = target;
    }
}
