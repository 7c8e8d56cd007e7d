namespace TokenHub.Core.Snapshots;

/// <summary>
/// What the planes say to each other. The gateway calls the control plane under <c>/internal/v1</c> with
/// <c>Authorization: Bearer {CONTROL_PLANE_TOKEN}</c>.
/// </summary>
public static class PlaneMessages
{
    public const string BasePath = "/internal/v1";

    /// <summary>
    /// POST, <see cref="GatewayHello"/> to <see cref="GatewayWelcome"/>: once at each start of a gateway.
    /// </summary>
    public const string RegisterPath = BasePath + "/gateways/register";

    /// <summary>POST, <see cref="GatewayBeat"/> to <see cref="GatewayBeatReply"/>: every two seconds.</summary>
    public const string BeatPath = BasePath + "/gateways/beat";

    /// <summary>
    /// GET, <see cref="Snapshot"/>; <c>?after={version}</c> waits up to 20 s for a newer one, else answers 304.
    /// </summary>
    public const string SnapshotPath = BasePath + "/snapshot";

    /// <summary>GET <c>/{sha-256 hex}</c>: a <see cref="KeyRecord"/> (also written to Redis) or 404.</summary>
    public const string KeysPath = BasePath + "/keys";

    /// <summary>
    /// POST, a batch of write-ahead log records (see <c>UsageBatch</c>) to <see cref="UsageReceipt"/>. The answer means
    /// the records are committed in PostgreSQL. Headers: <c>x-gateway-no</c>, <c>x-gateway-boot</c>.
    /// </summary>
    public const string UsagePath = BasePath + "/usage";

    /// <summary>
    /// POST, <see cref="HydrateRequest"/> to <see cref="HydrateReply"/>: puts an account and key into Redis.
    /// </summary>
    public const string HydratePath = BasePath + "/hydrate";

    /// <summary>
    /// POST, <see cref="RecountRequest"/> to <see cref="RecountReply"/>: counts what a channel has used in the periods
    /// of its windows, and puts it into Redis where it is not known.
    /// </summary>
    public const string RecountPath = BasePath + "/channels/recount";

    /// <summary>
    /// POST, <see cref="CredentialReplaced"/> to <see cref="CredentialReceipt"/>: an issuer has given another refresh
    /// token in the place of the one that is stored.
    /// </summary>
    public const string CredentialPath = BasePath + "/channels/credential";

    /// <summary>Redis pub/sub channel of change notices. Messages: the constants below.</summary>
    public const string ChangeChannel = "tokenhub:changes";

    /// <summary>Notice <c>key:{sha-256 hex}</c>: forget that key.</summary>
    public const string KeyChanged = "key:";

    /// <summary>Notice <c>keys</c>: forget all cached keys.</summary>
    public const string AllKeysChanged = "keys";

    /// <summary>Notice <c>snapshot:{version}</c>: a newer snapshot is there.</summary>
    public const string SnapshotChanged = "snapshot:";

    /// <summary>Redis key of a key record, before the SHA-256 of the secret in lower-case hex.</summary>
    public const string KeyRecordPrefix = "key:";

    /// <summary>
    /// Redis pub/sub channel: a rebuild has begun, or a server was replaced; every gateway beats at once to hear more.
    /// </summary>
    public const string LossChannel = "tokenhub:losses";

    /// <param name="GatewayNo">With <paramref name="BootNo"/>: the numbers under which it runs, given by an earlier
    /// contact and its own disk. 0 asks for new ones.</param>
    public sealed record GatewayHello(string GatewayId, string Version, int GatewayNo = 0, int BootNo = 0);

    /// <summary>Numbers that make request ids unique; <see cref="BootNo"/> rises at each start.</summary>
    public sealed record GatewayWelcome(int GatewayNo, int BootNo);

    public sealed record GatewayBeat(
        int GatewayNo,
        int BootNo,
        long LastLsn,
        long AckedLsn,
        int OpenHolds,
        long OldestOpenMs,
        bool RecoveryDone,
        bool Draining,
        long SnapshotVersion,
        string Address,
        long Ready = 0,
        bool HasLeft = false,
        IReadOnlyList<string>? Unknown = null);

    /// <param name="Rebuild">Number of the rebuild under way, or 0: of <paramref name="Rebuilding"/>, and to be named
    /// as <c>Ready</c> in a beat once Redis was told of everything open and unposted in those shards.</param>
    /// <param name="Replay">When it rises, everything open and unposted in all shards is to be told again.</param>
    /// <param name="Unsure">Overdue requests (ids as text): those that the gateway does not know are to be named as
    /// <c>Unknown</c> in the next beat.</param>
    public sealed record GatewayBeatReply(
        long SnapshotVersion,
        long Rebuild = 0,
        IReadOnlyList<ShardEpoch>? Rebuilding = null,
        long Replay = 0,
        IReadOnlyList<string>? Unsure = null);

    /// <summary>A shard and the epoch under which it will open.</summary>
    public sealed record ShardEpoch(int Shard, long Epoch);

    /// <summary>The highest LSN of the batch; everything up to it is committed.</summary>
    public sealed record UsageReceipt(long AckedLsn, int Accepted, int Repeated, int Dead);

    /// <param name="Before">
    /// The sealed credential that it takes the place of; nothing is done when another is stored.
    /// </param>
    public sealed record CredentialReplaced(long Channel, string Before, string Sealed);

    public sealed record CredentialReceipt(bool Kept);

    public sealed record HydrateRequest(long Account, long Key);

    /// <param name="Epoch">0 when nothing was written, because the shard is being rebuilt.</param>
    public sealed record HydrateReply(bool Found, long Epoch);

    public sealed record RecountRequest(long Channel, IReadOnlyList<WindowPeriod> Windows);

    /// <summary>A quota window, by its <c>WindowName</c>, in the period that holds.</summary>
    public sealed record WindowPeriod(string Name, QuotaKind Kind, long StartMs, long EndMs);

    public sealed record RecountReply(bool Done);
}
