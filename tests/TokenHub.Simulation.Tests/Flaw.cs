namespace TokenHub.Simulation.Tests;

/// <summary>Deliberate mistakes, each of which the checks have to find.</summary>
public enum Flaw
{
    None,

    /// <summary>A settlement that comes twice counts twice.</summary>
    SettleCountsTwice,

    /// <summary>A hold that is told again is added again.</summary>
    ReholdAddsTwice,

    /// <summary>A hold that is there already stays as it is, though it was extended since that copy was made.</summary>
    ReholdKeepsSmaller,

    /// <summary>Overdue holds are released whether or not their gateway lives.</summary>
    ReaperSkipsLease,

    /// <summary>A lost shard opens without waiting for gateways.</summary>
    OpensBeforeReady,

    /// <summary>What is lost a second time, while a rebuild is under way, is not noticed.</summary>
    TrustsRebuildUnderWay,

    /// <summary>The ledger does not ask whether it has a request already.</summary>
    PostsTwice,

    /// <summary>A gateway that restarts does not close what was open.</summary>
    ForgetsInFlight,

    /// <summary>An older balance replaces a newer one.</summary>
    IgnoresVersion,

    /// <summary>A copy of a day ago is taken for the present.</summary>
    BelievesOldCopies,

    /// <summary>Nobody compares the outbox with the ledger.</summary>
    SkipsSweep,

    /// <summary>A balance is told once, with the acknowledgement, and when that is lost never again.</summary>
    TellsBalancesOnce,

    /// <summary>A gateway forgets what it had not yet shipped.</summary>
    ShipsOnce,

    /// <summary>After a server was replaced nobody tells it what it has lost.</summary>
    SkipsSoftReplay,
}
