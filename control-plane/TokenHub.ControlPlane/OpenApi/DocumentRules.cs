using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using TokenHub.ControlPlane.Wire;
using TokenHub.Core.Money;

namespace TokenHub.ControlPlane.OpenApi;

/// <summary>Bends the generated OpenAPI document to what really goes over the wire.</summary>
internal static class DocumentRules
{
    public const string DocumentName = "v1";
    private const string SessionScheme = "session";

    public static void Apply(OpenApiOptions options)
    {
        options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo
            {
                Title = "TokenHub control API",
                Version = "v1",
                Description = "Users, keys, channels, prices and the ledger of a TokenHub installation.",
                License = new OpenApiLicense { Name = "MIT" },
            };
            document.Servers = [];
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
            {
                [SessionScheme] = new OpenApiSecurityScheme
                {
                    Type = SecuritySchemeType.Http,
                    Scheme = "bearer",
                    Description = "The token of POST /api/v1/auth/login.",
                },
            };
            return Task.CompletedTask;
        });
        options.AddOperationTransformer(DescribeOperation);
        options.AddSchemaTransformer(DescribeSchema);
    }

    private static Task DescribeOperation(
        OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellation)
    {
        foreach (var metadata in context.Description.ActionDescriptor.EndpointMetadata)
        {
            switch (metadata)
            {
                case QueryParameter query:
                    AddParameter(operation, query.Name, query.Meaning, ParameterLocation.Query);
                    break;
                case HeaderParameter header:
                    AddParameter(operation, header.Name, header.Meaning, ParameterLocation.Header);
                    break;
            }
        }

        if (operation.OperationId != "login")
        {
            operation.Security =
            [
                new OpenApiSecurityRequirement
                {
                    [new OpenApiSecuritySchemeReference(SessionScheme, context.Document)] = [],
                },
            ];
        }

        return Task.CompletedTask;
    }

    private static void AddParameter(OpenApiOperation operation, string name, string meaning, ParameterLocation place)
    {
        operation.Parameters ??= [];
        operation.Parameters.Add(new OpenApiParameter
        {
            Name = name,
            In = place,
            Description = meaning,
            Schema = new OpenApiSchema { Type = JsonSchemaType.String },
        });
    }

    private static Task DescribeSchema(
        OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellation)
    {
        var type = Nullable.GetUnderlyingType(context.JsonTypeInfo.Type) ?? context.JsonTypeInfo.Type;
        var isNullable = type != context.JsonTypeInfo.Type;
        if (type == typeof(DateTime))
        {
            schema.Type = JsonSchemaType.String | (isNullable ? JsonSchemaType.Null : 0);
        }
        else if (type == typeof(Usd) || type == typeof(PricePerMillion))
        {
            // One schema stands for all its uses; which may be null is said where it is used.
            schema.Type = JsonSchemaType.String;
            schema.Format = "decimal";
            schema.Pattern = @"^-?\d{1,10}(\.\d{1,8})?$";
            schema.Examples = [JsonValue.Create("12.50000000")];
            schema.Description = type == typeof(Usd)
                ? "US dollars, eight decimals."
                : "US dollars for one million tokens, eight decimals.";
        }
        else if (context.JsonPropertyInfo?.AttributeProvider is { } attributes
            && attributes.GetCustomAttributes(typeof(AllowedAttribute), inherit: true) is [AllowedAttribute allowed])
        {
            schema.Enum = [.. allowed.Values.Select(value => (JsonNode)JsonValue.Create(value))];
        }

        return Task.CompletedTask;
    }
}
