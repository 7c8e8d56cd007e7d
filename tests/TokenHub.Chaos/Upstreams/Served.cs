namespace TokenHub.Chaos.Upstreams;

/// <summary>
/// The upstream's own truth of one attempt: what it has given to the connection, and when. Token moments are
/// milliseconds of the driver's clock.
/// </summary>
internal sealed class Served
{
    private readonly List<long> _tokensAtMs = [];

    /// <summary>Which of the upstream's doors the attempt came through.</summary>
    public required int Door { get; init; }

    public long StartedMs { get; } = Environment.TickCount64;

    public bool IsStream { get; init; }

    /// <summary>Credential it was asked with.</summary>
    public string Authorization { get; init; } = "";

    /// <summary>The last byte of a proper answer has been given to the connection.</summary>
    public long WholeAtMs { get; private set; }

    public bool IsWhole => WholeAtMs > 0;

    /// <summary>Output tokens that the answer itself reported; -1 while it reported none.</summary>
    public long ReportedOutput { get; set; } = -1;

    public long ReportedInput { get; set; } = -1;

    public int Tokens
    {
        get
        {
            lock (_tokensAtMs)
            {
                return _tokensAtMs.Count;
            }
        }
    }

    /// <summary>The moment of the last token, or of the beginning.</summary>
    public long LastMs
    {
        get
        {
            lock (_tokensAtMs)
            {
                return _tokensAtMs.Count == 0 ? StartedMs : _tokensAtMs[^1];
            }
        }
    }

    public void AddTokens(int count)
    {
        var now = Environment.TickCount64;
        lock (_tokensAtMs)
        {
            _tokensAtMs.AddRange(Enumerable.Repeat(now, count));
        }
    }

    public void MarkWhole() => WholeAtMs = Environment.TickCount64;

    /// <summary>Tokens given to the connection before a moment of the driver's clock.</summary>
    public int TokensBefore(long atMs)
    {
        lock (_tokensAtMs)
        {
            return _tokensAtMs.Count(at => at < atMs);
        }
    }

    /// <summary>Tokens of the last moments before the attempt's last token.</summary>
    public int TokensOfLast(int milliseconds)
    {
        lock (_tokensAtMs)
        {
            return _tokensAtMs.Count == 0 ? 0 : _tokensAtMs.Count(at => at > _tokensAtMs[^1] - milliseconds);
        }
    }
}
