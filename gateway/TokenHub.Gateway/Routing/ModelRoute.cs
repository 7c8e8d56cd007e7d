using TokenHub.Core.Snapshots;

namespace TokenHub.Gateway.Routing;

/// <summary>Everything known about one model name: who serves it, or why nobody can.</summary>
internal sealed class ModelRoute(
    string model, Candidate[] candidates, bool isUnknown, bool isUnpriced, string? channelFault)
{
    public string Model { get; } = model;

    /// <summary>No channel serves a model of this name.</summary>
    public bool IsUnknown { get; } = isUnknown;

    /// <summary>Channels serve it, but no price rule covers it on any of them.</summary>
    public bool IsUnpriced { get; } = isUnpriced;

    /// <summary>Why a channel that serves it was left out, or null.</summary>
    public string? ChannelFault { get; } = channelFault;

    public ReadOnlySpan<Candidate> Candidates => candidates;

    public bool HasCandidates => candidates.Length > 0;

    /// <summary>A client of this protocol can call it, as it is or translated.</summary>
    public bool IsReachedFrom(Dialect dialect) => candidates.Any(c => c.UpstreamDialect(dialect) != Dialect.None);
}
