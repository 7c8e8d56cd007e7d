namespace TokenHub.Ledger.Gateways;

/// <summary>A gateway as it last told of itself, and how far its log is in the ledger.</summary>
public sealed record GatewayStatus
{
    public int No { get; init; }
    public string GatewayId { get; init; } = "";
    public int BootNo { get; init; }
    public string Build { get; init; } = "";
    public string Address { get; init; } = "";
    public long LastLsn { get; init; }
    public long AckedLsn { get; init; }
    public int OpenHolds { get; init; }
    public long OldestOpenMs { get; init; }
    public bool RecoveryDone { get; init; }
    public bool Draining { get; init; }
    public long SnapshotVersion { get; init; }
    public DateTimeOffset RegisteredAt { get; init; }
    public DateTimeOffset LastBeatAt { get; init; }

    /// <summary>Has beaten within <see cref="GatewayRegistry.Lease"/>.</summary>
    public bool Alive { get; init; }

    /// <summary>Records in the gateway's log that the ledger does not have yet.</summary>
    public long Lag => Math.Max(0, LastLsn - AckedLsn);
}
