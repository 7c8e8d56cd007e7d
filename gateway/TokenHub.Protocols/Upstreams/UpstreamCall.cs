namespace TokenHub.Protocols.Upstreams;

/// <summary>What an upstream is asked for.</summary>
public enum UpstreamCall : byte
{
    /// <summary>An answer in one piece.</summary>
    Whole,

    /// <summary>An answer as it is written.</summary>
    Stream,

    /// <summary>How many tokens a prompt has.</summary>
    CountTokens,
}

/// <summary>How a request's body differs from the one its dialect prescribes.</summary>
public enum BodyForm : byte
{
    Plain,

    /// <summary>Claude behind Bedrock's InvokeModel.</summary>
    BedrockClaude,

    /// <summary>Claude behind Vertex' rawPredict.</summary>
    VertexClaude,
}
