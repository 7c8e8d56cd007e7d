using System.Text.Json.Serialization;

namespace TokenHub.Core.Snapshots;

/// <summary>JSON of everything that passes between the planes, without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    NumberHandling = JsonNumberHandling.Strict)]
[JsonSerializable(typeof(KeyRecord))]
[JsonSerializable(typeof(Snapshot))]
[JsonSerializable(typeof(PlaneMessages.GatewayHello))]
[JsonSerializable(typeof(PlaneMessages.GatewayWelcome))]
[JsonSerializable(typeof(PlaneMessages.GatewayBeat))]
[JsonSerializable(typeof(PlaneMessages.GatewayBeatReply))]
[JsonSerializable(typeof(PlaneMessages.ShardEpoch))]
[JsonSerializable(typeof(PlaneMessages.UsageReceipt))]
[JsonSerializable(typeof(PlaneMessages.CredentialReplaced))]
[JsonSerializable(typeof(PlaneMessages.CredentialReceipt))]
[JsonSerializable(typeof(PlaneMessages.HydrateRequest))]
[JsonSerializable(typeof(PlaneMessages.HydrateReply))]
[JsonSerializable(typeof(PlaneMessages.RecountRequest))]
[JsonSerializable(typeof(PlaneMessages.RecountReply))]
public sealed partial class SnapshotJsonContext : JsonSerializerContext;
