using System.Buffers;

namespace TokenHub.Protocols.Upstreams;

/// <summary>
/// Makes of an upstream's bytes, cut anywhere, those that the protocol spoken prescribes: the meter, a client and a
/// translation then see what they know.
/// </summary>
public interface IAnswerFraming
{
    /// <summary>
    /// Takes bytes as they came and writes what is whole. False when they are damaged: what is written stands, and
    /// nothing follows.
    /// </summary>
    public bool Append(ReadOnlySpan<byte> bytes, IBufferWriter<byte> output);

    /// <summary>The upstream is through. False when it was so in the middle of something.</summary>
    public bool Complete(IBufferWriter<byte> output);
}
