namespace TokenHub.ControlPlane.Status;

/// <summary>The process answers.</summary>
internal sealed record HealthView(string Status);

/// <summary>Whether this control plane can do its work, check by check.</summary>
internal sealed record ReadyView(bool Ready, bool Postgres, bool Redis, bool Draining);

/// <summary>How the installation is doing.</summary>
internal sealed record StatusView
{
    public required BuildView Build { get; init; }
    public required DateTime StartedAt { get; init; }
    public required long UptimeSeconds { get; init; }
    public required ServerView Postgres { get; init; }
    public required ServerView Redis { get; init; }

    /// <summary>The version of channels and prices that gateways should have.</summary>
    public required long SnapshotVersion { get; init; }

    public required IReadOnlyList<GatewayView> Gateways { get; init; }

    /// <summary>Requests under way at living gateways.</summary>
    public required int OpenHolds { get; init; }

    /// <summary>Records in gateways' logs that the ledger does not have yet.</summary>
    public required long Lag { get; init; }

    /// <summary>Usage records that could not be posted and wait for a person.</summary>
    public required long DeadLetters { get; init; }
}

internal sealed record BuildView(string Version, string Runtime);

/// <summary>A server behind the control plane.</summary>
internal sealed record ServerView
{
    public required bool Ok { get; init; }

    /// <summary>Time of one round trip; null when there was none.</summary>
    public double? LatencyMs { get; init; }

    public string? Version { get; init; }
}

/// <summary>A gateway as it last told of itself.</summary>
internal sealed record GatewayView
{
    public required string GatewayId { get; init; }
    public required int No { get; init; }
    public required int BootNo { get; init; }
    public required string Build { get; init; }
    public required string Address { get; init; }
    public required bool Alive { get; init; }
    public required bool Draining { get; init; }
    public required bool RecoveryDone { get; init; }

    /// <summary>Where its log ends.</summary>
    public required long LastLsn { get; init; }

    /// <summary>Up to where its log is in the ledger.</summary>
    public required long AckedLsn { get; init; }

    public required long Lag { get; init; }
    public required int OpenHolds { get; init; }
    public required long OldestOpenMs { get; init; }
    public required long SnapshotVersion { get; init; }
    public required DateTime RegisteredAt { get; init; }
    public required DateTime LastBeatAt { get; init; }
}
