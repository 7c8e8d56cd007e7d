using System.Text;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Codecs;

/// <summary>What a client is given of an upstream's opaque item.</summary>
internal static class CarrierText
{
    /// <summary>
    /// The inside of the JSON string for the slot of a client's dialect: the item as it came where the upstream speaks
    /// the same, else its carrier.
    /// </summary>
    public static byte[] Of(in ChatEvent e, AnswerContext context, Dialect client)
    {
        if (context.Upstream == client)
        {
            return e.Text.ToArray();
        }

        var id = e.Id.IsEmpty ? null : JsonText.Unescape(e.Id);
        var item = new OpaqueItem(
            context.Upstream, ModelFamily.Of(context.UpstreamModel), e.Opaque, JsonText.Unescape(e.Text), id);
        return Encoding.ASCII.GetBytes(OpaqueCarrier.Write(item));
    }
}
