using System.Buffers;
using TokenHub.Protocols.Chat;

namespace TokenHub.Protocols.Codecs;

/// <summary>Reads a client's request. Stateless.</summary>
public interface IRequestReader
{
    /// <param name="body">The whole body; the request refers to it as long as it lives.</param>
    /// <param name="model">The model, for a dialect that names it in the path; else what the body says counts.</param>
    /// <param name="isStream">Whether a stream is asked for, for a dialect that says so in the path.</param>
    /// <exception cref="UntranslatableException">The body is no request of the dialect.</exception>
    public ChatRequest Read(ReadOnlyMemory<byte> body, string model, bool isStream);
}

/// <summary>Writes a request for an upstream. Stateless.</summary>
public interface IRequestWriter
{
    /// <summary>
    /// True when the upstream can take this part from an address of its own accord; else the gateway has to bring it.
    /// </summary>
    public bool TakesUrl(MediaPart part, UpstreamModel model);

    /// <exception cref="UntranslatableException">Something that must not be left out has no form here.</exception>
    public void Write(ChatRequest request, UpstreamModel model, IBufferWriter<byte> body, Dropped dropped);
}

/// <summary>The model that a request is written for, as its upstream calls it.</summary>
/// <param name="Name">The upstream's own name: <c>claude-sonnet-4-5</c>, <c>gpt-5</c>.</param>
/// <param name="OutputTokensMax">The most it writes, where the operator said so.</param>
/// <param name="IsCompatible">
/// The upstream only resembles the maker's own: what not every such server knows is left out.
/// </param>
public sealed record UpstreamModel(string Name, long? OutputTokensMax = null, bool IsCompatible = false);
