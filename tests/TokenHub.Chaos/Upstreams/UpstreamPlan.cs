namespace TokenHub.Chaos.Upstreams;

/// <summary>How an answer ends.</summary>
internal enum UpstreamEnd
{
    Proper,

    /// <summary>Without the end marker, the connection closed in order.</summary>
    NoDone,

    /// <summary>With the end marker, but no usage anywhere.</summary>
    NoUsage,
    Close,
    Reset,
    BadChunk,
    Hang,
}

/// <summary>What the upstream does with a request of some model name.</summary>
/// <param name="GapMs">Pause after each token of a stream.</param>
/// <param name="Usage">A usage object to report instead of the true one.</param>
/// <param name="Script">Does everything itself, the head included.</param>
internal sealed record UpstreamPlan(
    int Tokens, int GapMs, UpstreamEnd End = UpstreamEnd.Proper, int FirstMs = 0, string? Usage = null,
    Func<UpstreamCall, Task>? Script = null);
