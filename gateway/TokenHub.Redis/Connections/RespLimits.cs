namespace TokenHub.Redis.Connections;

/// <summary>The named bounds of one connection, and the address to name in messages (never the password).</summary>
internal sealed record RespLimits(string Endpoint, int InFlightMax, int StallMs)
{
    /// <summary>Most bytes gathered while a write is under way.</summary>
    public int UnsentBytesMax { get; init; } = 8 * 1024 * 1024;

    /// <summary>Buffers larger than this are given back when empty.</summary>
    public int BufferBytesKept { get; init; } = 256 * 1024;

    /// <summary>After so much silence the line is tried with a PING.</summary>
    public int IdleMs { get; init; } = 1_000;
}
