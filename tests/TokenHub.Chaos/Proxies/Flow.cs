namespace TokenHub.Chaos.Proxies;

/// <summary>
/// What happens to the bytes of one direction of an edge. Changed while connections run; each piece of data is passed
/// by what stands here at that moment.
/// </summary>
internal sealed class Flow
{
    private volatile TaskCompletionSource? _held;

    /// <summary>Delay of each piece, in milliseconds; with a spread a random part of it is added.</summary>
    public int LatencyMs { get; set; }

    public int LatencySpreadMs { get; set; }

    /// <summary>Bytes a second; 0 means as fast as they come.</summary>
    public int BytesPerSecond { get; set; }

    /// <summary>Largest piece that is sent at once; 0 means whole.</summary>
    public int SliceBytes { get; set; }

    /// <summary>The connection is reset once so many bytes have passed; 0 means never.</summary>
    public int LimitBytes { get; set; }

    /// <summary>This direction is shut once so many bytes have passed, the other one goes on; 0 means never.</summary>
    public int HalfCloseBytes { get; set; }

    /// <summary>Of a thousand pieces so many get one wrong byte.</summary>
    public int CorruptPerMille { get; set; }

    /// <summary>Delay of a connection's end, in milliseconds.</summary>
    public int SlowCloseMs { get; set; }

    /// <summary>What comes is thrown away, as a broken middle box does.</summary>
    public bool IsDropping { get; set; }

    /// <summary>Keeps everything back, as a partition does: TCP delivers it when the partition ends.</summary>
    public void Hold() => _held ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task PassAsync(CancellationToken cancel) => _held?.Task.WaitAsync(cancel) ?? Task.CompletedTask;

    public void Heal()
    {
        LatencyMs = LatencySpreadMs = BytesPerSecond = SliceBytes = LimitBytes = HalfCloseBytes = 0;
        CorruptPerMille = SlowCloseMs = 0;
        IsDropping = false;
        var held = _held;
        _held = null;
        held?.TrySetResult();
    }
}
