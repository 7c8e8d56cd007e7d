namespace TokenHub.Redis;

/// <summary>Hash slots from one to another, both included.</summary>
public readonly record struct SlotRange(int First, int Last);

/// <summary>
/// One server that serves us. Outside a Cluster it has all slots. The run id is empty while none is known.
/// </summary>
public sealed record RedisNode(string Endpoint, string RunId, IReadOnlyList<SlotRange> Slots);
