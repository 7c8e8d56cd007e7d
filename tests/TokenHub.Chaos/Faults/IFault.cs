using TokenHub.Chaos.Rigs;

namespace TokenHub.Chaos.Faults;

/// <summary>One row of the fault table, played on a running product under load.</summary>
internal interface IFault
{
    public string Id { get; }

    public string Says { get; }

    /// <summary>Clients at work while it is played.</summary>
    public int Clients => 10;

    /// <summary>How soon after healing a probe request has to be served.</summary>
    public TimeSpan ServesWithin => TimeSpan.FromSeconds(5);

    /// <summary>True when it needs, or leaves behind, a rig that no other fault should share.</summary>
    public bool NeedsOwnRig => false;

    public RigOptions Fit(RigOptions options) => options;

    /// <summary>Plays it. Whatever it has broken is healed by the trial afterwards.</summary>
    public Task PlayAsync(Trial trial);
}
