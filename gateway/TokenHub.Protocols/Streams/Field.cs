namespace TokenHub.Protocols.Streams;

/// <summary>What a place in an upstream's JSON means to the gateway, whatever the dialect calls it.</summary>
internal enum Field : byte
{
    None,

    /// <summary>The document itself.</summary>
    Root,

    /// <summary>The kind of the event, as its own data says.</summary>
    Type,

    Id,
    Model,
    Finish,

    /// <summary>Text that the model wrote: counted, and content unless it is white space.</summary>
    Text,
    Reasoning,

    /// <summary>The same reasoning a second time: counted only where the first is missing.</summary>
    ReasoningCopy,

    /// <summary>Names and arguments of calls: counted, and always content.</summary>
    Tool,

    /// <summary>Pictures, sound, signatures: content, but not counted.</summary>
    Opaque,

    /// <summary>Content by being there at all.</summary>
    Present,

    /// <summary>Text whose kind the event's type tells (Responses).</summary>
    EventDelta,

    /// <summary>A final copy of the output: counted only when nothing came before it.</summary>
    LateText,
    LateReasoning,
    LateTool,
    LateOpaque,

    /// <summary>The kind of an output item or content block.</summary>
    ItemType,

    /// <summary>The object within which reasoning must not be counted twice.</summary>
    Delta,

    /// <summary>A Gemini part, and the flag that makes its text a thought.</summary>
    Part,
    Thought,

    BlockReason,

    Error,
    ErrorType,
    ErrorCode,
    ErrorMessage,

    /// <summary>A message beside no error member: the error's text if the event is one.</summary>
    PlainMessage,

    Usage,
    Iteration,
    IterationType,
    IterationModel,

    /// <summary>How long the tokens of a part of the usage are kept: <c>5m</c> or <c>1h</c>.</summary>
    CacheTtl,

    /// <summary>The place of the event's item or block in the answer.</summary>
    Index,

    /// <summary>The number of the event in its stream (Responses).</summary>
    Sequence,
    ItemId,
    ItemCallId,

    /// <summary>A picture, where each stands in an object of its own.</summary>
    Picture,

    /// <summary>How long the sound is that was heard.</summary>
    Seconds,

    /// <summary>The first of the numbers: this plus a <see cref="UsageField"/>.</summary>
    Number = 64,

    /// <summary>The same numbers inside an iteration.</summary>
    IterationNumber = 96,
}

/// <summary>Numbers of a usage report, before a dialect's arithmetic.</summary>
internal enum UsageField : byte
{
    Input,
    CacheRead,

    /// <summary>DeepSeek's own name for the tokens read from the cache.</summary>
    CacheHit,
    CacheWrite,
    CacheWrite5m,
    CacheWrite1h,
    Output,
    Reasoning,
    ToolUse,

    /// <summary>The sum, where nothing else is said.</summary>
    Total,
}
