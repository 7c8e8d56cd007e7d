using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http.Features;

namespace TokenHub.ControlPlane.Internal;

/// <summary>Reads bodies that gateways send, up to a limit, and writes answers.</summary>
internal static class PlaneBody
{
    /// <summary>No message of the planes other than a batch is longer.</summary>
    private const int JsonBytesMax = 64 * 1024;

    /// <summary>Null when there is more than <paramref name="bytesMax"/>.</summary>
    public static async Task<byte[]?> ReadAsync(HttpContext context, int bytesMax)
    {
        if (context.Request.ContentLength > bytesMax)
        {
            return null;
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = bytesMax;
        }

        var buffer = new MemoryStream((int)(context.Request.ContentLength ?? 0));
        var chunk = new byte[16 * 1024];
        int read;
        while ((read = await context.Request.Body.ReadAsync(chunk, context.RequestAborted)) > 0)
        {
            if (buffer.Length + read > bytesMax)
            {
                return null;
            }

            buffer.Write(chunk, 0, read);
        }

        return buffer.ToArray();
    }

    /// <summary>Null, with the status set, when the body is too long or not of its form.</summary>
    public static async Task<T?> ReadJsonAsync<T>(HttpContext context, JsonTypeInfo<T> type)
        where T : class
    {
        if (await ReadAsync(context, JsonBytesMax) is not { } bytes)
        {
            context.Response.StatusCode = StatusCodes.Status413PayloadTooLarge;
            return null;
        }

        try
        {
            if (JsonSerializer.Deserialize(bytes, type) is { } value)
            {
                return value;
            }
        }
        catch (JsonException)
        {
            // Answered below, like a body of null.
        }

        context.Response.StatusCode = StatusCodes.Status400BadRequest;
        return null;
    }

    public static Task WriteAsync<T>(HttpContext context, T value, JsonTypeInfo<T> type) =>
        WriteAsync(context, JsonSerializer.SerializeToUtf8Bytes(value, type));

    public static async Task WriteAsync(HttpContext context, byte[] json)
    {
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = json.Length;
        await context.Response.Body.WriteAsync(json, context.RequestAborted);
    }
}
