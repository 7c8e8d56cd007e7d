namespace TokenHub.Chaos.Clients;

/// <summary>What a client itself knows of one call.</summary>
internal sealed class Receipt
{
    public required string Model { get; init; }

    public required int Gateway { get; init; }

    public required int Payer { get; init; }

    public bool IsStream { get; init; }

    public long SentMs { get; } = Environment.TickCount64;

    public long EndedMs { get; set; }

    /// <summary>0 while no answer has begun.</summary>
    public int Status { get; set; }

    public string RequestId { get; set; } = "";

    public bool HasRetryAfter { get; set; }

    public int Tokens { get; set; }

    /// <summary>The answer came to its proper end.</summary>
    public bool IsWhole { get; set; }

    /// <summary>The client left by itself.</summary>
    public bool HasLeft { get; set; }

    /// <summary>Neither an answer nor an end came in time.</summary>
    public bool HasHung { get; set; }

    /// <summary>Tokens that the answer's usage told; -1 when it told none.</summary>
    public long ToldInput { get; set; } = -1;

    public long ToldOutput { get; set; } = -1;

    /// <summary>End of what was received, for messages.</summary>
    public string Tail { get; set; } = "";

    public string Fault { get; set; } = "";
}
