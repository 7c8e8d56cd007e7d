using System.Reflection;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http.Metadata;

namespace TokenHub.ControlPlane.Wire;

/// <summary>
/// A request's JSON body, read strictly (see <see cref="JsonBodyReader"/>). Knows which fields were sent, so that a
/// PATCH can tell "not mentioned" from "set to null".
/// </summary>
internal sealed class JsonBody<T>(T value, IReadOnlySet<string> fields, ReadOnlyMemory<byte> bytes)
    : IBindableFromHttpContext<JsonBody<T>>, IEndpointParameterMetadataProvider
    where T : class
{
    public T Value => value;

    /// <summary>The body as it came; a repeated call is known by it.</summary>
    public ReadOnlyMemory<byte> Bytes => bytes;

    /// <summary>Names of the fields that were sent; all of them are fields of <typeparamref name="T"/>.</summary>
    public IReadOnlyCollection<string> Fields => fields;

    public bool Has(string field) => fields.Contains(field);

    public static async ValueTask<JsonBody<T>?> BindAsync(HttpContext context, ParameterInfo parameter)
    {
        var type = (JsonTypeInfo<T>)ApiJsonContext.Default.GetTypeInfo(typeof(T))!;
        var body = await JsonBodyReader.ReadBytesAsync(context.Request, context.RequestAborted);
        var (value, fields) = JsonBodyReader.Parse(body, type);
        return new JsonBody<T>(value, fields, body);
    }

    public static void PopulateMetadata(ParameterInfo parameter, EndpointBuilder builder) =>
        builder.Metadata.Add(new AcceptsMetadata(["application/json"], typeof(T)));
}
