using System.Text.Json.Serialization;

namespace TokenHub.ControlPlane.Publishing;

/// <summary>JSON of columns that a snapshot is made from.</summary>
[JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class PublishingJsonContext : JsonSerializerContext;
